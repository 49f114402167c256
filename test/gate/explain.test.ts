import t from 'tap';
import {bake} from '../../agent/gate/bake.ts';
import {explain, type Probe} from '../../agent/gate/probe.ts';
import {reasonFrom} from '../support/reason-from.ts';

const signal = new AbortController().signal;
const dead = {
  probe: 'unit web.service',
  last: 'failed (exit-code, status 1)',
  final: 'always',
  refused: false,
} as const;
const unit = (words: NonNullable<Probe['words']>): Probe => ({
  name: 'unit web.service',
  check: async () => ({ok: false, last: dead.last, final: 'always'}),
  words,
});

t.test('a failure is told with what the application said last', async t => {
  const probes = [unit(async () => 'OSError: Address already in use')];
  t.equal(
    await explain(dead, probes, signal),
    'failed (exit-code, status 1): OSError: Address already in use',
  );
  const settings = {intervalMs: 1, probeTimeoutMs: 1_000};
  t.match(await reasonFrom(bake({forMs: 1_000, probes, settings}, signal)), {
    kind: 'bake.failed',
    details: {last: /Address already in use$/},
  });
});

t.test('an application that said nothing, or cannot be asked, costs nothing else', async t => {
  const broken = async (): Promise<string> => {
    throw new Error('no journal');
  };
  for (const probe of [unit(async () => ''), unit(broken), {...unit(broken), name: 'another'}])
    t.equal(await explain(dead, [probe], signal), dead.last);
});

t.test('an abort meanwhile is passed on', async t => {
  const over = new AbortController();
  const probe = unit(async () => {
    over.abort(new Error('enough'));
    return 'too late';
  });
  await t.rejects(explain(dead, [probe], over.signal), {message: 'enough'});
});
