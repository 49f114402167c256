/** Releases that do not hold: each is taken back, and what ran before is in service again without the operator. */
import type {ReleaseOptions} from '../../lab/application/releases.ts';
import type {Lane} from '../bad-input/lane.ts';
import {type Row, tryRow} from '../bad-input/row.ts';
import {whileLossy} from '../lossy.ts';
import type {Trial} from '../trials.ts';

interface Bad {
  readonly name: string;
  readonly how: Partial<ReleaseOptions>;
  /** what follows "was tried here and taken back: " */
  readonly text: string;
  /** it fails when it is in traffic already: its own requests may be lost */
  readonly inTraffic?: true;
}

const GATE = 'the health gate';
const BAKE = 'it failed while baking:';

const BAD: readonly Bad[] = [
  // seen by the start of the unit, or by the gate after it
  {name: 'ends at once, without an error', how: {endsAtOnce: true}, text: '… unit web.service'},
  {name: 'restarts in a loop', how: {crash: true}, text: `${GATE} unit web.service`},
  {
    name: 'has a health check that hangs',
    how: {hangsHealth: true},
    text: `${GATE} http http://127.0.0.1:8080/healthz`,
  },
  {name: 'starts too late', how: {startDelayS: 60}, text: `${GATE} http http://127.0.0.1:8080/healthz`},
  {name: 'dies while it bakes', how: {crashAfterS: 2}, text: BAKE, inTraffic: true},
  {name: 'turns sick while it bakes', how: {sickAfterS: 2}, text: BAKE, inTraffic: true},
];

const rowOf = ({name, how, text}: Bad, as: 'ext4' | 'git'): Row => ({
  name: `a release that ${name} (${as})`,
  trigger: async lane => {
    const bad = await lane.make(as, how);
    await lane.put('desired', bad.id);
    return bad;
  },
  reason: {kind: 'release.rejected-here', text: `{short} was tried here and taken back: ${text}`},
  application: 'replaced',
});

const trialOf = (bad: Bad, as: 'ext4' | 'git'): Trial<Lane> => {
  const row = rowOf(bad, as);
  const run: Trial<Lane>['run'] = (t, lane) =>
    bad.inTraffic ? whileLossy(lane, () => tryRow(t, lane, row)) : tryRow(t, lane, row);
  return {name: row.name, run};
};

export const BAD_TRIALS: readonly Trial<Lane>[] = BAD.flatMap(bad => [
  trialOf(bad, 'ext4'),
  trialOf(bad, 'git'),
]);
