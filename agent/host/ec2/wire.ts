/** What the agent and its EC2 worker say to each other, as JSON over the worker's channel. */
import type {ACTIONS} from './actions.ts';
import type {ErrorData} from './error.ts';

type Actions = typeof ACTIONS;

/** EC2's name of an action that we make. */
export type ActionName = keyof Actions;
export type InputOf<A extends ActionName> = Parameters<Actions[A]>[1];
export type OutputOf<A extends ActionName> = Awaited<ReturnType<Actions[A]>>;

/** To the worker. Each request is answered exactly once, one that is cancelled too. */
export type Request =
  | {readonly id: number; readonly action: ActionName; readonly input: unknown}
  | {readonly id: number; readonly cancel: true};

/** From the worker: that it is up, then the replies. */
export type FromWorker = {readonly up: true} | Reply;

export type Reply =
  | {readonly id: number; readonly output: unknown}
  | {readonly id: number; readonly error: ErrorData};
