import {setTimeout as sleep} from 'node:timers/promises';
import t from 'tap';
import type {Answer, Probe} from '../../agent/gate/probe.ts';
import {gateRounds} from '../../agent/gate/rounds.ts';

const signal = new AbortController().signal;

const counted = (name: string, program: boolean) => {
  let answer: Answer = {ok: true};
  let asked = 0;
  const check = async (): Promise<Answer> => {
    asked += 1;
    return answer;
  };
  const probe: Probe = {name, check, ...(program && {program})};
  return {
    probe,
    asked: () => asked,
    say: (next: Answer) => {
      answer = next;
    },
  };
};

const world = () => {
  const [port, unit] = [counted('http', false), counted('unit', true)];
  return {port, unit, ask: gateRounds({probes: [unit.probe, port.probe], timeoutMs: 1_000})};
};

const NOT_YET: Answer = {ok: false, last: 'connection refused'};
const FAILED: Answer = {ok: false, last: 'failed', final: 'always'};

t.test(
  'while the port does not answer, programs are started in the first round and then twice a second',
  async t => {
    const {port, unit, ask} = world();
    port.say(NOT_YET);
    const end = performance.now() + 1_200;
    while (performance.now() < end) {
      t.match(await ask(signal), {probe: 'http', last: 'connection refused'});
      await sleep(20);
    }
    t.ok(port.asked() > 10, `${port.asked()} rounds`);
    t.equal(unit.asked(), 3);
  },
);

t.test(
  'the first round in which the port answers asks the programs too, and so does every later one',
  async t => {
    const {port, unit, ask} = world();
    port.say(NOT_YET);
    await ask(signal);
    port.say({ok: true});
    t.equal(await ask(signal), null);
    t.equal(unit.asked(), 2);
    t.equal(await ask(signal), null);
    t.equal(unit.asked(), 3);
  },
);

t.test('a program that fails when the port answers fails the round', async t => {
  const {port, unit, ask} = world();
  port.say(NOT_YET);
  await ask(signal);
  port.say({ok: true});
  unit.say(FAILED);
  t.match(await ask(signal), {probe: 'unit', final: 'always'});
});

t.test('without a port every round asks the programs', async t => {
  const unit = counted('unit', true);
  unit.say(NOT_YET);
  const ask = gateRounds({probes: [unit.probe], timeoutMs: 1_000});
  for (let round = 0; round < 5; round += 1) await ask(signal);
  t.equal(unit.asked(), 5);
});

t.test('what a program said last is told until it is asked again', async t => {
  const {port, unit, ask} = world();
  port.say(NOT_YET);
  unit.say({ok: false, last: 'activating (auto-restart)', final: 'bake'});
  await ask(signal);
  t.match(await ask(signal), {probe: 'unit', last: 'activating (auto-restart)'});
  t.equal(unit.asked(), 1);
});
