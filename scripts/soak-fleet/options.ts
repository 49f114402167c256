import {parseArgs} from 'node:util';

export type Options = {
  readonly releases: number;
  readonly instances: number;
  /** chooses in which order the bad kinds come */
  readonly seed: number;
  /** the longest wait for the agents to be at rest before they are measured */
  readonly settleMs: number;
};

export const USAGE = `npm run soak -- [--releases N] [--instances N] [--seed N] [--settle S]

Rolls release after release through a fleet in the lab, from snapshots and from git in turns, every tenth
one bad, while HAProxy sends it requests without a pause. Needs root on Debian 12.

  --releases N    how many releases; 11 to 10000 (300)
  --instances N   how many instances; 2 to 8 (2)
  --seed N        in which order the bad kinds come; 0 to 4294967295 (1)
  --settle S      how many seconds to wait at most for the agents to be at rest before they are measured;
                  0 to 600 (120; the process that asks EC2 ends after one minute without a question)
  --help          this text

The last line is one JSON document; docs/benchmarks.md says how to read it. Exit status: 0 no request was
lost by us and nothing has grown since the tenth release, 1 something did not hold, 2 wrong usage.
`;

/** Reads the arguments; null asks for the usage. Throws an `Error` with the option, what was expected and what came. */
export const readOptions = (args: readonly string[]): Options | null => {
  const {values} = parseArgs({
    args: [...args],
    options: {
      releases: {type: 'string', default: '300'},
      instances: {type: 'string', default: '2'},
      seed: {type: 'string', default: '1'},
      settle: {type: 'string', default: '120'},
      help: {type: 'boolean', short: 'h', default: false},
    },
  });
  if (values.help) return null;
  return {
    releases: whole('--releases', values.releases, {min: 11, max: 10_000}),
    instances: whole('--instances', values.instances, {min: 2, max: 8}),
    seed: whole('--seed', values.seed, {min: 0, max: 4_294_967_295}),
    settleMs: 1_000 * whole('--settle', values.settle, {min: 0, max: 600}),
  };
};

type Bounds = {readonly min: number; readonly max: number};

const whole = (name: string, text: string, {min, max}: Bounds): number => {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= min && value <= max) return value;
  throw new Error(`expected ${name} to be a whole number from ${min} to ${max}, got ${JSON.stringify(text)}`);
};
