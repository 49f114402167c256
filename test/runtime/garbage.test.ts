import t from 'tap';
import {createGarbage} from '../../agent/runtime/garbage.ts';
import {keptLog} from '../support/log.ts';

t.test('garbage is collected once, half a minute after the last of what the host did', async t => {
  let now = 0;
  let due: {readonly at: number; readonly work: () => void} | null = null;
  const clock = {
    elapsed: () => now,
    after: (ms: number, work: () => void) => {
      due = {at: now + ms, work};
      return () => {
        due = null;
      };
    },
  };
  const passTo = (at: number): void => {
    now = at;
    if (due === null || due.at > now) return;
    const {work} = due;
    due = null;
    work();
  };
  let collected = 0;
  const collect = () => {
    collected += 1;
  };
  const garbage = createGarbage({clock, log: keptLog().log, collect});
  garbage.saw();
  passTo(20_000);
  garbage.saw();
  passTo(40_000);
  t.equal(collected, 0, 'it goes on');
  passTo(50_000);
  t.equal(collected, 1);
  passTo(500_000);
  t.equal(collected, 1, 'once');
  garbage.saw();
  garbage.stop();
  passTo(600_000);
  t.equal(collected, 1, 'the agent ends');
  createGarbage({clock, log: keptLog().log, collect: null}).saw();
  t.equal(due, null, 'nothing to wait for without the option');
});

t.test('V8 collects it where Node was started as the unit starts it, and says what that took', async t => {
  const {log, lines} = keptLog();
  const clock = {
    elapsed: () => 0,
    after: (_ms: number, work: () => void) => {
      work();
      return () => undefined;
    },
  };
  createGarbage({clock, log}).saw();
  const said = globalThis.gc ? ['garbage was collected in 0 ms'] : [];
  t.same(
    lines.map(({message}) => message),
    said,
  );
});
