import {readFileSync} from 'node:fs';
import t from 'tap';
import {nameProcess} from '../../../agent/host/process/name.ts';

t.test('a process has the name it gave itself, and its command line', async t => {
  const commandLine = readFileSync('/proc/self/cmdline', 'utf8');
  nameProcess('release-test');
  t.equal(readFileSync('/proc/self/comm', 'utf8'), 'release-test\n');
  nameProcess('release-agent-which-is-long');
  t.equal(readFileSync('/proc/self/comm', 'utf8'), 'release-agent-w\n', 'the kernel cuts it');
  t.equal(readFileSync('/proc/self/cmdline', 'utf8'), commandLine);
});
