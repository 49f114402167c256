import t from 'tap';
import {reason, reasonText} from '../../agent/core/reason.ts';
import {ReasonError, reasonOf} from '../../agent/core/reason-error.ts';
import {tellingFirstReads} from '../../agent/gate/first-reads.ts';
import type {FirstReads, Gate, Log} from '../../agent/ports.ts';

const silent: Log = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};
const failed = reason('gate.failed', {probe: 'http', seconds: 60, last: 'HTTP 503'});
const signal = new AbortController().signal;

const startGate = (passes: boolean, firstReads: Partial<FirstReads>) => {
  const over: string[] = [];
  const pass = async () => {
    if (!passes) throw new ReasonError(failed);
  };
  const gate: Gate = {pass, bake: async () => {}};
  const reads = {
    areSlow: async () => true,
    over: async (slot: string) => void over.push(slot),
    ...firstReads,
  };
  const told = tellingFirstReads({gate, firstReads: reads, current: async () => 'one', log: silent});
  const why = () =>
    told.pass({timeoutMs: 60_000}, signal).then(
      () => 'passed',
      (error: unknown) => reasonText(reasonOf(error)),
    );
  return {why, over};
};

t.test('a release that fails its gate on a volume that was not read says so', async t => {
  t.match(await startGate(false, {}).why(), /HTTP 503; its volume was not read beforehand/);
  t.equal(await startGate(false, {areSlow: async slot => slot !== 'one'}).why(), reasonText(failed));
});

t.test('what cannot be known changes no verdict', async t => {
  const broken = async () => {
    throw new Error('EIO');
  };
  t.equal(await startGate(false, {areSlow: broken}).why(), reasonText(failed));
  t.equal(await startGate(true, {over: broken}).why(), 'passed');
});

t.test('the first reads are over once the gate has passed, and not before', async t => {
  const [good, bad] = [startGate(true, {}), startGate(false, {})];
  await Promise.all([good.why(), bad.why()]);
  t.same(good.over, ['one']);
  t.same(bad.over, []);
});
