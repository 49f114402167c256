import type {Measures} from './measure.ts';

/** The history is bounded in itself: two files of half a mebibyte on each instance. */
const HISTORY_LIMIT = 1_100_000;

type Limit = (before: number, instances: number) => number;

const same: Limit = before => before;
const sameButFor =
  (each: number): Limit =>
  (before, instances) =>
    before + each * instances;

/** How large each measure may be at the end, given what it was after the tenth release. */
const LIMITS: {readonly [name in keyof Measures]: Limit} = {
  // V8 takes some room that it does not give back; the largest of the instances
  rss_kb: before => before * 1.1 + 4_096,
  anon_kb: before => before * 1.1 + 4_096,
  // connections to Consul and the control socket come and go
  fds: sameButFor(4),
  mounts: same,
  mounts_seen: same,
  slots: same,
  volumes: same,
  // git keeps up to six packs before it makes one of them
  disk_kb: sameButFor(2_048),
  journal_bytes: sameButFor(2_048),
  history_bytes: (_, instances) => HISTORY_LIMIT * instances,
  temporary_files: same,
  run_files: same,
  units: sameButFor(2),
  unit_files: same,
  processes: sameButFor(4),
  restarts: same,
};

type Compared = {readonly after10: Measures; readonly atEnd: Measures; readonly instances: number};

/** What has grown since the tenth release, in words; nothing when all is where it was. */
export const grownOf = ({after10, atEnd, instances}: Compared): readonly string[] =>
  (Object.keys(LIMITS) as (keyof Measures)[]).flatMap(name => {
    const limit = LIMITS[name](after10[name], instances);
    return atEnd[name] <= limit
      ? []
      : [`${name} was ${after10[name]} after the tenth release and is ${atEnd[name]}, more than ${limit}`];
  });
