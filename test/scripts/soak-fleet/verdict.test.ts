import t from 'tap';
import type {Measures} from '../../../scripts/soak-fleet/measure.ts';
import {grownOf} from '../../../scripts/soak-fleet/verdict.ts';

const after10: Measures = {
  ...{rss_kb: 90_000, anon_kb: 40_000, fds: 60, mounts: 80, mounts_seen: 90, slots: 4, volumes: 2},
  ...{disk_kb: 400, journal_bytes: 4_000, history_bytes: 25_000, temporary_files: 0, run_files: 4},
  ...{units: 300, unit_files: 2, processes: 20, restarts: 0},
};
const grown = (change: Partial<Measures>) => grownOf({after10, atEnd: {...after10, ...change}, instances: 2});

t.test('what is where it was has not grown, nor what shrank', async t => {
  t.same(grown({}), []);
  t.same(grown({rss_kb: 80_000, fds: 50}), []);
});

t.test('one more slot, volume, mount or temporary file is told', async t => {
  for (const name of ['slots', 'volumes', 'mounts', 'temporary_files'] as const)
    t.match(grown({[name]: after10[name] + 1}), [
      new RegExp(`^${name} was ${after10[name]} after the tenth`),
    ]);
});

t.test('memory may wobble and not climb', async t => {
  t.same(grown({rss_kb: 98_000, anon_kb: 44_000}), []);
  t.equal(grown({rss_kb: 104_000, anon_kb: 50_000}).length, 2);
});

t.test('the history may fill the files that it is bounded to', async t => {
  t.same(grown({history_bytes: 2_000_000}), []);
  t.equal(grown({history_bytes: 2_400_000}).length, 1);
});
