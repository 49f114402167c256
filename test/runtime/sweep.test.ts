import t from 'tap';
import {reason} from '../../agent/core/reason.ts';
import {ReasonError} from '../../agent/core/reason-error.ts';
import {createSweeping} from '../../agent/runtime/sweep.ts';
import {eventually} from '../support/eventually.ts';
import {keptLog} from '../support/log.ts';

t.test('it sweeps soon after the start, goes on past failures, and tells each once', async t => {
  const stop = new AbortController();
  t.teardown(() => stop.abort());
  const {log, lines} = keptLog();
  const cause = (code: string) =>
    new ReasonError(reason('ec2.refused', {action: 'DeleteVolume', code, cause: 'no'}));
  const answers = [cause('A'), cause('A'), null, cause('A'), cause('B'), null];
  let sweeps = 0;
  const sweep = async () => {
    const answer = answers[sweeps++];
    if (answer) throw answer;
  };
  const sweeping = createSweeping({sweep, log, firstMs: 1, everyMs: 2})(stop.signal);
  await eventually('all of them', () => sweeps > answers.length);
  stop.abort();
  await sweeping;
  t.same(
    lines.map(({message}) => /\((.)\)/.exec(message)?.[1]),
    ['A', 'A', 'B'],
  );
});

t.test('it ends at the signal, also in the middle of a pause or a sweep', async t => {
  for (const firstMs of [0, 600_000]) {
    const stop = new AbortController();
    const begun = Promise.withResolvers<void>();
    const sweep = (signal: AbortSignal) =>
      new Promise((_, reject) => {
        begun.resolve();
        signal.addEventListener('abort', () => reject(signal.reason));
      });
    const {log, lines} = keptLog();
    const sweeping = createSweeping({sweep, log, firstMs})(stop.signal);
    if (firstMs === 0) await begun.promise;
    stop.abort();
    await sweeping;
    t.same(lines, []);
  }
});
