/** Without any one of the rules that keep a fleet safe some run fails: the simulation would notice. */
import {execFile} from 'node:child_process';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {promisify} from 'node:util';
import t from 'tap';
import {sample} from '../support/sample.ts';
import {MUTANTS} from './mutants/mutants.ts';

const ROOT = join(import.meta.dirname, '../..');
const WITHIN_MS = 600_000;

/** What a mutant's runs say: those of small fleets, as they are quick, up to the first that fails. */
const failureOf = async (name: string): Promise<{readonly code: number; readonly stdout: string}> => {
  const hook = join(ROOT, 'test/simulation/mutants/hook.ts');
  const args = [
    '--import',
    hook,
    join(ROOT, 'scripts/simulate.ts'),
    '--seeds',
    '300',
    '--hosts',
    '24',
    '--first',
  ];
  const env = {...process.env, SIMULATE_MUTANT: name};
  return promisify(execFile)(process.execPath, args, {env, timeout: WITHIN_MS}).then(
    ({stdout}) => ({code: 0, stdout}),
    (error: {code: number; stdout: string; stderr: string}) => ({
      code: error.code,
      stdout: error.stdout + error.stderr,
    }),
  );
};

t.test('each line stands where it is looked for, also of those that are not tried now', async t => {
  for (const [name, {file, from}] of Object.entries(MUTANTS)) {
    const parts = (await readFile(join(ROOT, file), 'utf8')).split(from);
    t.equal(parts.length, 2, `${name}: once in ${file}`);
  }
});

/** Each takes as many runs as it takes to notice it. */
const chosen = sample(t, Object.entries(MUTANTS), 4);

for (const [name, {breaks}] of chosen)
  t.test(name, async t => {
    const {code, stdout} = await failureOf(name);
    t.equal(code, 1, stdout);
    t.match(stdout, new RegExp(`^seed \\d+ fails: ${breaks}: `, 'm'));
    t.comment(/^seed .*$/m.exec(stdout)?.[0] ?? '');
  });
