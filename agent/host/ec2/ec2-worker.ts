/**
 * The process that speaks to EC2 for the agent (docs/decisions/0008-footprint.md): `ec2-worker REGION [ENDPOINT]`, started
 * by channel.ts. It ends when the agent lets go of the channel, and when the agent ends, however that happens.
 * Credentials come from the SDK's default chain: environment, files, IMDS.
 */
import process from 'node:process';
import {EC2Client} from '@aws-sdk/client-ec2';
import {nameProcess} from '../process/name.ts';
import {ACTIONS} from './actions.ts';
import {errorData} from './error.ts';
import type {FromWorker, Reply, Request} from './wire.ts';

type Action = (
  client: EC2Client,
  input: unknown,
  how: {readonly abortSignal: AbortSignal},
) => Promise<unknown>;

const serve = (): void => {
  const [, , region, endpoint] = process.argv;
  // one try per request: pauses and deadlines are the agent's
  const settings = {
    maxAttempts: 1,
    ...(region !== undefined && {region}),
    ...(endpoint !== undefined && {endpoint}),
  };
  const running = new Map<number, AbortController>();
  let client = new EC2Client(settings);

  const answer = async ({id, action, input}: Extract<Request, {action: string}>): Promise<Reply> => {
    const abort = new AbortController();
    running.set(id, abort);
    try {
      // The agent's side types the input by the action's name (ec2-wire.ts).
      return {id, output: await (ACTIONS[action] as Action)(client, input, {abortSignal: abort.signal})};
    } catch (error) {
      const data = errorData(error);
      // One refusal by IMDS switches a credential provider off for good: the next request gets a new one.
      if (!('reason' in data) && data.status === undefined) client = new EC2Client(settings);
      return {id, error: data};
    } finally {
      running.delete(id);
    }
  };

  process.on('disconnect', () => process.exit(0));
  process.on('message', (request: Request) => {
    if ('cancel' in request) running.get(request.id)?.abort();
    else void answer(request).then(tell);
  });
  tell({up: true});
};

// An agent that is gone hears nothing: then "disconnect" comes too.
const tell = (what: FromWorker): void => {
  if (process.connected) process.send?.(what, undefined, undefined, () => undefined);
};

// Without a channel it was only loaded, to fill the compile cache.
if (process.send) {
  nameProcess('release-ec2');
  serve();
}
