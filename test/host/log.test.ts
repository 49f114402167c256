import {execFileSync} from 'node:child_process';
import {fstatSync} from 'node:fs';
import {join} from 'node:path';
import process from 'node:process';
import t from 'tap';
import {createLog, stderrIsJournal} from '../../agent/host/log.ts';

const MODULE = join(import.meta.dirname, '../../agent/host/log.ts');

const collect = (level: 'debug' | 'info' | 'warning' | 'error', journald = true) => {
  const lines: string[] = [];
  return {lines, log: createLog({level, write: line => lines.push(line), journald})};
};

t.test('an entry is one line with its priority and its fields', async t => {
  const {log, lines} = collect('debug');
  log.debug('looking');
  log.info('serving', {release: 'snap-1', generation: 7, out: false, hold: null, note: undefined});
  log.warning('slow', {cause: 'took 3 s'});
  log.error('gone');
  t.same(lines, [
    '<7>looking\n',
    '<6>serving release=snap-1 generation=7 out=false hold=null\n',
    '<4>slow cause="took 3 s"\n',
    '<3>gone\n',
  ]);
});

t.test('what a release wrote cannot begin a line or steer a terminal', async t => {
  const {log, lines} = collect('info');
  log.info('hello\n<3>forged', {line: 'a\r\n\u001b[31m "q" \\', empty: '', next: 'x\u2028y'});
  t.same(lines, ['<6>hello\\n<3>forged line="a\\r\\n\\u001b[31m \\"q\\" \\\\" empty="" next="x\\u2028y"\n']);
});

t.test('entries below the level are dropped', async t => {
  const {log, lines} = collect('warning');
  log.debug('a');
  log.info('b');
  log.warning('c');
  log.error('d');
  t.same(lines, ['<4>c\n', '<3>d\n']);
});

t.test('outside of the journal a line begins with time and level', async t => {
  const {log, lines} = collect('info', false);
  log.warning('slow', {seconds: 3});
  t.match(lines[0], /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z warning slow seconds=3\n$/);
});

t.test('standard error is the journal only when it is the very stream that systemd named', async t => {
  const {dev, ino} = fstatSync(2, {bigint: true});
  t.equal(stderrIsJournal(`${dev}:${ino}`), true);
  t.equal(stderrIsJournal(`${dev}:${ino + 1n}`), false, 'it was redirected');
  t.equal(stderrIsJournal(''), false);
});

t.test('a reader of the log that goes away does not end the agent', async t => {
  const program = `
    import {createLog} from ${JSON.stringify(MODULE)};
    const log = createLog({level: 'info'});
    for (let i = 0; i < 50; i += 1) { log.info('line', {i}); await new Promise(r => setTimeout(r, 2)); }
    process.stdout.write('survived');`;
  const command = '"$0" --input-type=module -e "$1" 2> >(head -c 1 > /dev/null)';
  const output = execFileSync('bash', ['-c', command, process.execPath, program], {encoding: 'utf8'});
  t.equal(output, 'survived');
});
