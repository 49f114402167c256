import t from 'tap';
import {outcomeOf} from '../../../../agent/cli/fleet/watch/outcome.ts';
import type {Ledger} from '../../../../agent/core/fleet/ledger.ts';
import {reason} from '../../../../agent/core/reason.ts';
import {host, NEW, OLD, outcome, rollout, view} from '../../../core/fleet/fleet.ts';

const cause = reason('gate.failed', {probe: 'http', seconds: 1, last: '500'});
const failures = [{host: 'i-1', fence: 1, cause}];
const permits = [{host: 'i-2', fence: 2, release: NEW, version: '2', since: 1}];
const ended = (ledger: Partial<Ledger>, second = host('i-2')) =>
  outcomeOf(
    view([host('i-1'), second], {ledger: {...view([]).ledger, proven: OLD, rollout: rollout(), ...ledger}}),
  );

t.test('a rollout that failed has ended once nobody is on the way any more', async t => {
  t.equal(ended({}), null, 'it goes on');
  t.equal(ended({failures}), 5);
  t.equal(ended({failures, permits}), null, 'one is out');
  t.equal(
    ended({failures, permits}, host('i-2', {outcome: outcome(2, 'stuck')})),
    5,
    'and will not come back',
  );
  t.equal(
    ended({failures, permits}, host('i-2', {outcome: outcome(1, 'stuck')})),
    null,
    'of an older permit',
  );
  t.equal(ended({failures, permits}, host('i-2', {outcome: outcome(2, 'done')})), null, 'not booked yet');
  t.equal(ended({failures, permits}, host('i-3')), 5, 'it is not seen any more');
  t.equal(ended({denied: [NEW]}), 5);
});
