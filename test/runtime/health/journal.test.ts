import t from 'tap';
import {reasonText} from '../../../agent/core/reason.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import {createJournalHealth} from '../../../agent/runtime/health/journal.ts';
import {keptLog} from '../../support/log.ts';

const refusal = (errno: number, text: string) => Object.assign(new Error(text), {errno});
const FULL = -28;
const READ_ONLY = -30;

t.test('a cause is told once, however often it is met, and so is its end', async t => {
  const {log, lines} = keptLog();
  const health = createJournalHealth(log, systemClock);
  let changes = 0;
  health.onChange(() => {
    changes += 1;
  });
  health.note(null);
  t.equal(health.lost(), null);
  for (const call of ['open', 'write', 'fsync', 'open']) health.note(refusal(FULL, `ENOSPC: ${call}`));
  t.equal(lines.length, 1);
  t.match(
    lines[0]?.message,
    /the journal cannot be written since .*: no space left on device; what serves goes on/,
  );
  const {since} = health.lost()?.details ?? {};
  health.note(refusal(READ_ONLY, 'EROFS: open'));
  t.match(lines[1]?.message, /read-only file system/);
  t.equal(health.lost()?.details.since, since, 'another cause does not begin the time anew');
  health.note(null);
  health.note(null);
  t.same(
    lines.slice(2).map(({message}) => message),
    ['the journal can be written again'],
  );
  t.equal(health.lost(), null);
  t.equal(changes, 3);
});

t.test('what is no error is told all the same', async t => {
  const health = createJournalHealth(keptLog().log, systemClock);
  health.note('nothing more to say');
  const lost = health.lost();
  t.match(lost && reasonText(lost), /: nothing more to say$/);
});
