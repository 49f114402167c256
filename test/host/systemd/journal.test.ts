import t from 'tap';
import {lastOwnLine} from '../../../agent/host/systemd/journal.ts';

const entries = (...lines: readonly (readonly [pid: number, message: unknown])[]): string =>
  lines.map(([pid, message]) => JSON.stringify({_PID: String(pid), MESSAGE: message})).join('\n');

t.test('the last line is that of the unit itself, not what PID 1 says of it', async t => {
  t.equal(lastOwnLine(entries([7, 'one'], [7, 'two'], [1, 'web.service: Failed'])), 'two');
  t.equal(lastOwnLine(entries([7, [111, 110, 101]], [7, ' '])), 'one', 'bytes, and blank lines');
  t.equal(lastOwnLine(entries([1, 'Starting …'])), '');
  t.equal(lastOwnLine('no journal'), '');
});

t.test('a line that is indented only goes on with the one before', async t => {
  const mount = 'mount: /slot: wrong fs type, bad option, bad superblock on /dev/xvdba, or other error.';
  const hint = '       dmesg(1) may have more information after failed mount system call.';
  t.equal(lastOwnLine(entries([7, mount], [7, hint], [1, 'x.mount: Mount process exited'])), mount);
  t.equal(lastOwnLine(entries([7, 'Error: boom'], [7, '\tat main (app.js:1)'])), 'Error: boom');
  t.equal(lastOwnLine(entries([7, '  only this'])), 'only this');
});
