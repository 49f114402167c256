import {ReasonError} from '../../core/reason-error.ts';
import {codeOf} from '../../host/missing.ts';
import {refused, unreachable} from '../key.ts';

const REFUSALS = new Set(['EACCES', 'EPERM', 'EROFS', 'ENAMETOOLONG']);

/** A file operation's error as `store.refused` (not permitted) or `store.unreachable` (anything else). */
export const fileFailure = (store: string, error: unknown): ReasonError => {
  if (error instanceof ReasonError) return error;
  const cause = error instanceof Error ? error.message : String(error);
  return REFUSALS.has(codeOf(error) ?? '')
    ? refused(store, cause, {cause: error})
    : unreachable(store, cause, {cause: error});
};
