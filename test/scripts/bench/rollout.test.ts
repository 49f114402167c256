/** The benchmark of a rollout on a real Consul, small: so that it cannot rot, and what a host costs cannot grow unseen. */
import t from 'tap';
import {runRollout} from '../../../scripts/bench/rollout/fleet.ts';
import {startConsul} from '../../support/consul.ts';
import {unmet} from '../../support/needs.ts';

const HOSTS = 60;

t.test('sixty hosts follow a bump', {skip: unmet('root', 'debian'), timeout: 600_000}, async t => {
  const {address} = await startConsul(t, {config: {session_ttl_min: '10s'}});
  // two processes, as a fleet of thousands has several
  const fleet = {addresses: [address, address], hosts: HOSTS, slowestMs: 1_500, idleMs: 1_000};
  const {violations, out, cost} = await runRollout(fleet);
  t.equal(violations, 0, 'no more are out than may be');
  t.ok(out > 0 && out <= HOSTS / 5, `${out} were out at once`);
  const [requests, bytes] = [cost.requests / HOSTS, cost.bytes / HOSTS];
  t.ok(requests > 10 && requests <= 40, `${requests} requests for each host`);
  t.ok(bytes > 2_000 && bytes <= 80_000, `${bytes} bytes for each host`);
});
