import {quote} from '../../../core/quote.ts';
import {type Reason, reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';

interface FetchFailure {
  readonly remote: string;
  readonly revision: string;
  readonly path: string;
  readonly stderr: string;
}

type Explain = (failure: FetchFailure & {readonly cause: string}) => Reason;

const STALL_SECONDS = /the last (\d+) seconds/;

// upload-pack says so itself, or what it sends is no pack. Its own folder is `.`: so are the files that it complains about.
const REMOTE_DAMAGED =
  /repository corruption on the remote side|bad pack header|pack has bad object|pack is corrupted|: (?:index )?(?:file|packfile|object file) \.\/objects\/|bad config line \d+ in file \.\/config/i;
const PRECISE =
  /^(?:remote: )?(?:fatal|error): (?!.*repository corruption|protocol error|git upload-pack|remote error)/;

// The remote's own words, where it tells which object it is.
const damagedRemote: Explain = ({remote, stderr, cause}) => {
  const told = stderr.split('\n').find(line => PRECISE.test(line));
  return reason('git.remote-damaged', {remote, cause: told === undefined ? cause : text(told)});
};

// In this order: the first that matches names the failure. The texts are git's and curl's, in English (LANG=C.UTF-8).
const FETCH: readonly (readonly [RegExp, Explain])[] = [
  [REMOTE_DAMAGED, damagedRemote],
  [
    /not our ref|couldn't find remote ref|no such remote ref/i,
    ({remote, revision}) => reason('git.revision-missing', {remote, revision}),
  ],
  [
    /unadvertised object|does not support shallow|dumb http transport/i,
    ({remote, revision}) => reason('git.exact-refused', {remote, revision}),
  ],
  [
    /mismatched algorithms|unknown object format|object-format/i,
    ({remote, revision}) => reason('git.object-format', {remote, revision}),
  ],
  [
    /fsck error|error in object|fsck/i,
    ({revision, cause}) => reason('git.objects-refused', {revision, cause}),
  ],
  [
    /operation too slow/i,
    ({remote, stderr}) =>
      reason('git.stalled', {remote, seconds: Number(STALL_SECONDS.exec(stderr)?.[1] ?? 0)}),
  ],
  [
    /authentication failed|could not read (?:username|password)|permission denied \(|error: 40[137]|code 407|invalid credentials/i,
    ({remote, cause}) => reason('git.auth-refused', {remote, cause}),
  ],
  [
    /not a git repository: |bad object|object file .* is empty|loose object .* corrupt|packfile .* (?:cannot|does not)|pack .* corrupt|inflate: |unresolved deltas|missing blob|missing tree|bad tree|shallow file|remote did not send all necessary objects/i,
    ({cause}) => reason('git.mirror-corrupt', {cause}),
  ],
];

/** The reason why a fetch failed, from what git printed. */
export const fetchFailure = (failure: FetchFailure): Reason => {
  const lines = ownLines(failure.stderr);
  const full = fullDisk(failure);
  if (full) return full;
  for (const [pattern, explain] of FETCH) {
    const line = lines.find(each => pattern.test(each));
    if (line !== undefined) return explain({...failure, cause: text(line)});
  }
  return reason('git.unreachable', {remote: failure.remote, cause: causeOf(lines)});
};

/** `git.stalled` for a transfer that ran into its deadline; any other error as it is. */
export const stalled = (
  error: unknown,
  details: {readonly remote: string; readonly seconds: number},
): unknown =>
  error instanceof ReasonError && error.reason.kind === 'child.timeout'
    ? new ReasonError(reason('git.stalled', details), {cause: error})
    : error;

/** The reason why a command on the mirror alone failed: `disk.full`, else the mirror is damaged. */
export const localFailure = (failure: {readonly path: string; readonly stderr: string}): Reason =>
  fullDisk(failure) ?? reason('git.mirror-corrupt', {cause: causeOf(ownLines(failure.stderr))});

const fullDisk = ({path, stderr}: {readonly path: string; readonly stderr: string}): Reason | null => {
  const line = ownLines(stderr).find(each => /no space left on device|disk quota exceeded/i.test(each));
  return line === undefined ? null : reason('disk.full', {path, cause: text(line)});
};

// What git said itself, without the lines of the remote: the first fatal line, else the last one.
const causeOf = (lines: readonly string[]): string =>
  text(lines.find(line => line.startsWith('fatal:')) ?? lines.at(-1) ?? 'git gave no reason');

/** Ids of 64 digits and the paths of their files are told whole. */
const LIMIT = 240;

const text = (line: string): string =>
  quote(withoutUser(line.replace(/^remote: /, '').trim()), {limit: LIMIT});

// a proxy of the environment may be named with a password
const withoutUser = (line: string): string => line.replaceAll(/:\/\/[^/@\s]*@/g, '://');

const ownLines = (stderr: string): readonly string[] =>
  stderr.split('\n').filter(line => line.trim() !== '' && !line.startsWith('remote:'));
