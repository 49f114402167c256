import {randomUUID} from 'node:crypto';
import type {IncomingMessage, RequestListener, ServerResponse} from 'node:http';
import {attachVolume, detachVolume} from './actions/attachments.ts';
import {describeFastRestores, describeSnapshots, describeVolumes} from './actions/describe.ts';
import {modifyInstanceAttribute, runInstances, terminateInstances} from './actions/instances.ts';
import {createSnapshot} from './actions/snapshots.ts';
import {createVolume, deleteVolume} from './actions/volumes.ts';
import type {Cloud} from './cloud.ts';
import {forward} from './forward.ts';
import {isRefusal, type Request, readRequest, refusal} from './request.ts';
import {type Element, element, parent, renderXml} from './xml.ts';

type Action = (request: Request, cloud: Cloud) => Promise<Element>;

/** The calls where moto is wrong or too quick; every other call is moto's own. */
const ACTIONS: Readonly<Record<string, Action>> = {
  AttachVolume: attachVolume,
  CreateSnapshot: createSnapshot,
  CreateVolume: createVolume,
  DeleteVolume: deleteVolume,
  DescribeFastSnapshotRestores: describeFastRestores,
  DescribeSnapshots: describeSnapshots,
  DescribeVolumes: describeVolumes,
  DetachVolume: detachVolume,
  ModifyInstanceAttribute: modifyInstanceAttribute,
  RunInstances: runInstances,
  TerminateInstances: terminateInstances,
};

/** What EC2 answers to a dry run that is allowed; a fault says what is not. */
const WOULD_DO = refusal('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412);

/** Answers EC2's Query API for this cloud, faults first. */
export const ec2Listener = (cloud: Cloud): RequestListener => {
  const perform = async (request: Request): Promise<Element> => {
    if (request.fields.get('DryRun') === 'true') throw WOULD_DO;
    return (ACTIONS[request.action] ?? forward)(request, cloud);
  };
  return (message, response) => {
    void answer({cloud, perform, message, response}).catch(error => {
      process.stderr.write(`lab ec2: ${error}\n`);
      response.destroy();
    });
  };
};

type Exchange = {
  cloud: Cloud;
  perform: (request: Request) => Promise<Element>;
  message: IncomingMessage;
  response: ServerResponse;
};

const answer = async ({cloud, perform, message, response}: Exchange): Promise<void> => {
  const request = await readRequest(message);
  const {action, fields, from} = request;
  const call = {at: Date.now(), action, fields, outcome: 'pending'};
  cloud.calls.push(call);
  const fault = cloud.faults.take(
    ['throttle', 'server-error', 'error', 'hang', 'reset', 'lose-reply', 'garbage'],
    action,
    fields,
    from,
  );
  if (fault) call.outcome = fault.kind;
  if (fault?.kind === 'hang') return;
  if (fault?.kind === 'reset') return void response.destroy();
  if (fault?.kind === 'garbage') return void response.end('<html><body>Welcome to nginx!</body></html>');
  const reply = await (fault && fault.kind !== 'lose-reply'
    ? Promise.reject(refusalOf(fault))
    : perform(request)
  ).then(document => ({status: 200, body: renderXml(document), outcome: 'ok'}), errorReply);
  if (fault?.kind === 'lose-reply') return void response.destroy();
  call.outcome = reply.outcome;
  response.writeHead(reply.status, {'content-type': 'text/xml;charset=UTF-8'});
  response.end(`<?xml version="1.0" encoding="UTF-8"?>\n${reply.body}`);
};

const refusalOf = ({kind, code, message}: {kind: string; code?: string; message?: string}) => {
  if (kind === 'throttle') return refusal('RequestLimitExceeded', 'Request limit exceeded.', 503);
  if (kind === 'server-error') return refusal('InternalError', 'An internal error has occurred', 500);
  return refusal(code ?? 'InternalError', message ?? 'refused by the lab', 400);
};

const errorReply = (error: unknown) => {
  if (!isRefusal(error)) throw error;
  const {code, message, status} = error;
  const detail = parent('Error', [element('Code', code), element('Message', message)]);
  const body = parent('Response', [parent('Errors', [detail]), element('RequestID', randomUUID())]);
  return {status, body: renderXml(body), outcome: code};
};
