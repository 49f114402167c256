import t from 'tap';
import type {FleetEvent} from '../../../../agent/core/fleet/telling/event.ts';
import {eventText} from '../../../../agent/core/fleet/telling/text.ts';
import {reason} from '../../../../agent/core/reason.ts';

const revision = '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
const rollout = {number: 7, release: revision, way: 'forward', by: 'ada', message: 'the cart'} as const;
const event = (over: Partial<FleetEvent>): FleetEvent => ({
  ...{id: 'x', kind: 'rollout-started', at: 0, wave: null, outcome: null, hosts: [], count: 0, cause: null},
  rollout,
  ...over,
});
const cause = reason('health.failed', {probe: 'http', last: '500'});
const said = 'the application does not pass its probes: http: 500';
const seven = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];

for (const [over, text] of [
  [{}, 'rollout 7 to 4b825dc642cb started by ada: the cart'],
  [{rollout: {...rollout, by: null, message: null}}, 'rollout 7 to 4b825dc642cb started'],
  [{rollout: {...rollout, way: 'back', message: null}}, 'rollout 7 back to 4b825dc642cb started by ada'],
  [
    {rollout: {...rollout, by: null, message: `x\n${'y'.repeat(400)}`}},
    `rollout 7 to 4b825dc642cb started: x ${'y'.repeat(298)}…`,
  ],
  [
    {rollout: {...rollout, by: 'z'.repeat(301), message: null}},
    `rollout 7 to 4b825dc642cb started by ${'z'.repeat(300)}…`,
  ],
  [{rollout: null}, 'the fleet started'],
  [
    {kind: 'wave-passed', wave: {number: 1, of: 3, name: 'canary'}},
    'rollout 7 to 4b825dc642cb: wave 1 of 3 (canary) passed',
  ],
  [
    {kind: 'wave-passed', wave: {number: 2, of: 3, name: null}},
    'rollout 7 to 4b825dc642cb: wave 2 of 3 passed',
  ],
  [{kind: 'wave-passed'}, 'rollout 7 to 4b825dc642cb: a wave passed'],
  [
    {kind: 'host-rolled-back', hosts: ['a'], count: 1, cause},
    `rollout 7 to 4b825dc642cb: a went back: ${said}`,
  ],
  [{kind: 'host-rolled-back', hosts: ['a', 'b'], count: 2}, 'rollout 7 to 4b825dc642cb: a, b went back'],
  [
    {kind: 'host-rolled-back', hosts: seven.slice(0, 5), count: 5},
    'rollout 7 to 4b825dc642cb: a, b, c, d, e went back',
  ],
  [
    {kind: 'host-rolled-back', hosts: seven, count: 50},
    'rollout 7 to 4b825dc642cb: a, b, c, d, e and 45 more went back',
  ],
  [
    {kind: 'host-unwell', hosts: ['a'], count: 1, cause},
    `rollout 7 to 4b825dc642cb: a has it and fails its probes: ${said}`,
  ],
  [
    {kind: 'host-unwell', hosts: ['a', 'b'], count: 2},
    'rollout 7 to 4b825dc642cb: a, b have it and fail their probes',
  ],
  [{kind: 'rollout-halted', cause}, `rollout 7 to 4b825dc642cb is halted: ${said}`],
  [{kind: 'rollout-reverted'}, 'rollout 7 to 4b825dc642cb is taken back'],
  [
    {kind: 'fleet-steady', outcome: 'proven'},
    'rollout 7 to 4b825dc642cb: every host serves it, and new instances boot it',
  ],
  [
    {kind: 'fleet-steady', outcome: 'partial'},
    'rollout 7 to 4b825dc642cb: the part of the fleet that was asked for serves it',
  ],
  [{kind: 'fleet-steady', outcome: 'reverted'}, 'rollout 7 to 4b825dc642cb: no host has it any more'],
  [{kind: 'fleet-steady'}, 'rollout 7 to 4b825dc642cb: it is over'],
  [{kind: 'permit-stuck', hosts: ['a'], count: 1, cause}, `a is out and keeps its permit: ${said}`],
  [{kind: 'permit-stuck', hosts: ['a', 'b'], count: 2}, 'a, b are out and keep their permits'],
  [
    {kind: 'host-lost', hosts: ['a'], count: 1, cause: reason('host.unseen', {since: 0, ec2: 'running'})},
    'a is not seen any more: since 1970-01-01 00:00 UTC (EC2 says: running)',
  ],
  [{kind: 'host-lost', hosts: ['a', 'b'], count: 2}, 'a, b are not seen any more'],
] as const satisfies readonly (readonly [Partial<FleetEvent>, string])[])
  t.equal(eventText(event(over)), text);
