import {type Reason, reason, reasonText} from '../core/reason.ts';
import {reasonOf} from '../core/reason-error.ts';
import {parseRelease} from '../core/release.ts';
import {type Answer, type Controls, LOOKING, type Request, type Response, type Verb} from './protocol.ts';
import {readRequest} from './request.ts';

/** Gives the full revision that a branch or tag is now. Throws `ReasonError`. */
export type Resolve = (name: string, signal: AbortSignal) => Promise<string>;

export interface Answering {
  readonly controls: Controls;
  /** missing on a host without [install.git] */
  readonly resolve?: Resolve | undefined;
}

/** What is known of a connection. */
export interface Connection {
  /** where changes are asked for, when not here */
  readonly operatePath: string | null;
  /** Who asks, in words, given what the client says of itself. */
  readonly nameOf: (claim: string, signal: AbortSignal) => Promise<string>;
}

type Handlers = {
  readonly [V in Verb]: (
    request: Extract<Request, {verb: V}>,
    answering: Answering,
    signal: AbortSignal,
  ) => Promise<Response<V>>;
};

/** Reads one request and gives its response. Never throws: what goes wrong is a refusal. */
export const answer = async (
  json: string,
  {answering, connection}: {readonly answering: Answering; readonly connection: Connection},
  signal: AbortSignal,
): Promise<Response> => {
  try {
    const asked = readRequest(json);
    const {operatePath, nameOf} = connection;
    if (operatePath !== null && !LOOKING.includes(asked.verb))
      return refusal(reason('control.look-only', {verb: asked.verb, path: operatePath}));
    const request = 'by' in asked ? {...asked, by: await nameOf(asked.by, signal)} : asked;
    const handle = HANDLERS[request.verb] as (...args: unknown[]) => Promise<Response>;
    return await handle(request, answering, signal);
  } catch (error) {
    return refusal(reasonOf(error));
  }
};

/** The response that refuses with a reason. */
export const refusal = (why: Reason): Response & {readonly ok: false} => ({
  ok: false,
  refusal: {kind: why.kind, text: reasonText(why)},
});

const HANDLERS: Handlers = {
  status: async (_, {controls}, signal) => ({ok: true, value: await controls.status(signal)}),
  history: async ({limit}, {controls}, signal) => ({
    ok: true,
    value: await controls.history({limit}, signal),
  }),
  metrics: async (_, {controls}) => ({ok: true, value: controls.metrics()}),
  hold: async ({by, note}, {controls}) => respond(await controls.hold({by, note})),
  resume: async ({by}, {controls}) => respond(await controls.resume({by})),
  rollback: async ({by}, {controls}) => respond(await controls.rollback({by})),
  retry: async ({by}, {controls}) => respond(await controls.retry({by})),
  leave: async (_, {controls}, signal) => ({ok: true, value: await controls.leave(signal)}),
  resolve: async ({name}, {resolve}, signal) => {
    if (parseRelease(name)) return {ok: true, value: name};
    if (!resolve)
      return refusal(reason('release.kind-not-configured', {kind: 'git', section: 'install.git'}));
    return {ok: true, value: await resolve(name, signal)};
  },
  desired: async (_, {controls}, signal) => ({ok: true, value: await controls.desired(signal)}),
  deploy: async ({verb: _, ...asked}, {controls}, signal) => respond(await controls.deploy(asked, signal)),
};

const respond = (
  given: Answer,
): {ok: true; value: string} | {ok: false; refusal: {kind: string; text: string}} =>
  given.ok ? {ok: true, value: given.text} : {ok: false, refusal: refusal(given.reason).refusal};
