import t from 'tap';
import {advice} from '../../agent/cli/advice.ts';
import type {ReasonKind} from '../../agent/core/reason.ts';
import {sampleReport} from '../support/sample-report.ts';

const adviceFor = (kind: ReasonKind): string =>
  advice(sampleReport({phase: 'waiting', reason: {kind, text: ''}})).join(' ');

t.test('whatever keeps a permit back, what can be done is said', async t => {
  for (const [kind, said] of [
    ['permit.waiting', /nothing has to be done/],
    ['permit.concurrency', /nothing has to be done/],
    ['permit.floor', /nothing has to be done/],
    ['permit.zone-floor', /nothing has to be done/],
    ['permit.zone-turn', /nothing has to be done/],
    ['permit.wave', /nothing has to be done/],
    ['permit.wave-bake', /nothing has to be done/],
    ['permit.window', /nothing has to be done/],
    ['permit.restored', /nothing has to be done/],
    ['permit.frozen', /agentctl thaw/],
    ['permit.locked', /agentctl unlock --break/],
    ['permit.halted', /agentctl deploy/],
    ['permit.reverted', /agentctl deploy/],
    ['permit.wave-unwell', /agentctl why/],
    ['permit.holder-missing', /agentctl release-permit/],
  ] as const)
    t.match(adviceFor(kind), said, kind);
  for (const kind of ['permit.share', 'permit.denied', 'permit.message'] as const)
    t.notMatch(adviceFor(kind), /journalctl/, `${kind} says it itself`);
});
