import t from 'tap';
import {enterServing} from '../../../agent/core/host/attempt/enter.ts';
import {freshState} from '../../../agent/core/host/recover.ts';
import type {State} from '../../../agent/core/host/state.ts';
import {type Reason, reason} from '../../../agent/core/reason.ts';
import {parseRelease, type Release} from '../../../agent/core/release.ts';
import {createVisibility} from '../../../agent/runtime/health/visibility.ts';
import {eventually} from '../../support/eventually.ts';

const stamp = {now: 1_000, random: 0.5};
const booting = freshState(stamp);
const active = {generation: 1, release: parseRelease('snap-11111111') as Release, slot: '1-snap-11111111'};
const serving: State = enterServing({...booting, active}, stamp)[0];

t.test('a return counts once it can be known, and is asked for until then only', async t => {
  let state: State = booting;
  let [asked, told, answer]: [number, number, Reason | null | Error] = [0, 0, new Error('no leader')];
  const traffic = {
    leave: async () => undefined,
    rejoin: async () => undefined,
    hiddenBy: async () => {
      asked += 1;
      if (answer instanceof Error) throw answer;
      return answer;
    },
  };
  const changed = () => {
    told += 1;
  };
  const shown = createVisibility({traffic, state: () => state, changed, everyMs: 5});
  const stop = new AbortController();
  const ended = shown.run(stop.signal);
  t.equal(asked, 0, 'nothing is asked of a host that does not serve');
  state = serving;
  shown.saw();
  await eventually('it to be asked', () => asked > 2);
  t.equal(shown.isVisible(), false);
  t.match(shown.cause(), {kind: 'unexpected'});
  answer = reason('traffic.hidden', {adapter: 'consul', cause: 'its check is critical'});
  await eventually('the cause', () => shown.cause()?.kind === 'traffic.hidden');
  t.equal(told, 2, 'each cause is told once');
  answer = null;
  await eventually('it to be shown', () => shown.isVisible());
  const before = asked;
  shown.saw();
  t.equal(shown.cause(), null);
  t.equal(told, 4);
  state = booting;
  shown.saw();
  t.equal(shown.isVisible(), false, 'after the next return it is asked again');
  state = serving;
  shown.saw();
  await eventually('it to be shown again', () => shown.isVisible());
  t.equal(asked, before + 1);
  stop.abort();
  await ended;
});
