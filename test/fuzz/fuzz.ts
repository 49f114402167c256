/** What every fuzzer shares: how many cases, which seed, and what an outcome may look like. */
import process from 'node:process';
import fc from 'fast-check';
import type {Test} from 'tap';
import {isReasonKind, type Reason, reasonText} from '../../agent/core/reason.ts';
import {ReasonError} from '../../agent/core/reason-error.ts';

/** Cases of an edge that only computes, and of one that opens sockets or writes files. */
export const CASES = {pure: 10_000, io: 1_000} as const;

const LIMIT = 4_500;
/** Also halves of surrogate pairs, which no encoding can carry. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u;

/** Runs a property; FC_SEED and FC_PATH repeat a run. An error that nobody handles fails it too. */
export const fuzz = async <T>(
  t: Test,
  {runs, input, deadlineMs = 5_000}: {runs: number; input: fc.Arbitrary<T>; deadlineMs?: number},
  holds: (value: T) => void | Promise<void>,
): Promise<void> => {
  const unhandled: unknown[] = [];
  const note = (error: unknown) => void unhandled.push(error);
  process.on('unhandledRejection', note).on('uncaughtException', note);
  const property = fc.asyncProperty(input, async value => {
    await holds(value);
    if (unhandled.length > 0) throw unhandled[0];
  });
  const {FC_SEED, FC_PATH} = process.env;
  try {
    const details = await fc.check(property, {
      numRuns: runs,
      timeout: deadlineMs,
      includeErrorInReport: true,
      ...(FC_SEED !== undefined && {seed: Number(FC_SEED)}),
      ...(FC_PATH !== undefined && {path: FC_PATH}),
    });
    t.comment(`${details.numRuns} cases, FC_SEED=${details.seed}`);
    t.equal(
      details.failed ? fc.defaultReportMessage(details) : '',
      '',
      'every outcome is one that is foreseen',
    );
  } finally {
    await new Promise(resolve => setImmediate(resolve));
    process.off('unhandledRejection', note).off('uncaughtException', note);
  }
};

/** Throws unless a text from outside can go to a log, a terminal and `STATUS=`: bounded, on one line, nothing that steers. */
export const presentable = (text: string): void => {
  const found = UNPRINTABLE.exec(text);
  if (found) throw new Error(`${JSON.stringify(found[0])} in ${JSON.stringify(text.slice(0, 400))}`);
  if (text.length > LIMIT) throw new Error(`${text.length} characters: ${text.slice(0, 200)}…`);
  if (text.includes('[object ')) throw new Error(`it says nothing: ${text}`);
};

/** Throws unless it is a reason of ours that is foreseen, with a presentable text. */
export const foreseen = (why: Reason, kinds: readonly Reason['kind'][]): void => {
  if (!isReasonKind(why.kind) || !kinds.includes(why.kind))
    throw new Error(`${why.kind} was not foreseen: ${reasonText(why)}`);
  presentable(reasonText(why));
};

/** Gives what `work` gives, or null when it throws a foreseen reason; any other error is thrown on. */
export const outcomeOf = async <T>(
  work: () => T | Promise<T>,
  kinds: readonly Reason['kind'][],
): Promise<Awaited<T> | null> => {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof ReasonError)) throw error;
    foreseen(error.reason, kinds);
    return null;
  }
};
