import * as v from 'valibot';
import {FORCED_EXPECTED, isForced} from '../core/desired.ts';
import {amountExpected, isAmount} from '../core/policy/amount.ts';
import {isPrintable} from '../core/printable.ts';
import {quote} from '../core/quote.ts';
import {reason} from '../core/reason.ts';
import {ReasonError} from '../core/reason-error.ts';
import {parseRelease, RELEASE_EXPECTED} from '../core/release.ts';
import {isConsulToken} from '../core/token.ts';
import type {Request} from './protocol.ts';

const text = (what: string, limit: number) =>
  v.pipe(
    v.string(`${what} as text`),
    v.check(
      value => value.trim() !== '' && value.length <= limit && isPrintable(value),
      `${what} of 1 to ${limit} characters on one line`,
    ),
  );

const by = text('a name', 128);
const message = text('a message', 1000);
/** A branch or tag as git allows them, and nothing that git could take for an option or a revision expression. */
const refName = v.pipe(
  v.string('a name as text'),
  v.regex(/^(?![-/.])(?!.*(?:\.\.|\/\/|\/\.|@\{))[A-Za-z0-9._/@+-]{1,200}$/, 'the name of a branch or tag'),
);
/** A secret: what is wrong with it is said without it. */
const token = v.custom<string>(
  value => typeof value === 'string' && isConsulToken(value),
  'a token: one line of printable ASCII',
);
const release = v.pipe(
  v.string('a release as text'),
  v.check(id => parseRelease(id) !== undefined, RELEASE_EXPECTED),
);
const share = v.custom<number | string>(value => isAmount(value, 1), amountExpected(1));
const force = v.custom<readonly string[]>(isForced, FORCED_EXPECTED);
const limit = v.pipe(v.number('a limit'), v.integer('a whole number'), v.minValue(1), v.maxValue(10_000));

const REQUEST: v.GenericSchema<unknown, Request> = v.variant('verb', [
  v.strictObject({verb: v.literal('status')}),
  v.strictObject({verb: v.literal('history'), limit}),
  v.strictObject({verb: v.literal('metrics')}),
  v.strictObject({verb: v.literal('hold'), by, note: text('a note', 1000)}),
  v.strictObject({verb: v.literal('resume'), by}),
  v.strictObject({verb: v.literal('rollback'), by}),
  v.strictObject({verb: v.literal('retry'), by}),
  v.strictObject({verb: v.literal('leave')}),
  v.strictObject({verb: v.literal('resolve'), name: refName}),
  v.strictObject({verb: v.literal('desired')}),
  v.strictObject({
    verb: v.literal('deploy'),
    by,
    release,
    message: v.exactOptional(message),
    share: v.exactOptional(share),
    force: v.exactOptional(force),
    seen: v.exactOptional(v.nullable(text('a version', 128))),
    token: v.exactOptional(token),
  }),
]);

/** Reads a request from the socket. Throws `control.request`. */
export const readRequest = (json: string): Request => {
  const read = v.safeParse(REQUEST, parseJson(json), {abortEarly: true});
  if (read.success) return read.output;
  const [issue] = read.issues;
  const got = typeof issue.input === 'string' ? quote(issue.input) : issue.received;
  throw refused(
    `${expectedOf(issue)}${v.getDotPath(issue) === null ? '' : ` as ${v.getDotPath(issue)}`}`,
    got,
  );
};

const expectedOf = ({type, expected, message: text}: v.BaseIssue<unknown>): string => {
  if (expected === 'never') return 'nothing';
  return type === 'check' || type === 'custom' || type === 'regex' ? text : (expected ?? text);
};

const parseJson = (json: string): unknown => {
  try {
    return JSON.parse(json);
  } catch {
    throw refused('one JSON object', json === '' ? 'nothing' : quote(json));
  }
};

const refused = (expected: string, got: string): ReasonError =>
  new ReasonError(reason('control.request', {expected, got}));
