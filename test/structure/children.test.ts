/** Programs are started in few places, and never through a shell. */
import {readdir, readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '../..');

/** Who may start a program by itself; everybody else asks agent/host/process/process.ts, which gives a minimal environment and a deadline. */
const STARTERS: Readonly<Record<string, string>> = {
  'agent/host/process/child.ts': 'what exec.ts stands on',
  'agent/host/ec2/channel.ts': 'the process that asks EC2, with a channel',
  'agent/activate/launch.ts': "the release's script as a child, its output followed",
  'agent/activate/launch-service.ts': "the release's script as a service, its output followed",
  'agent/activate/process/start.ts': 'the application of activate.kind = "process", which outlives the agent',
};

/** A shell, or what would start one. GIT_SSH_COMMAND is the one text that git itself gives to a shell. */
const SHELL = [
  /\bshell\s*:/,
  /\bexec(?:Sync)?\(\s*['"`]/,
  /\bexecSync\b/,
  /['"`](?:\/bin\/|\/usr\/bin\/)?(?:ba|da|z|k)?sh['"`]/,
  /['"]-c['"]\s*,\s*[`'"][^`'"]*[\s;|&]/,
  /\beval\(|new Function\(/,
];

const sources = async (folder: string): Promise<readonly (readonly [string, string])[]> => {
  const files = (await readdir(join(ROOT, folder), {recursive: true})).filter(file => file.endsWith('.ts'));
  return Promise.all(
    files.map(async file => {
      const path = join(folder, file);
      return [path, await readFile(join(ROOT, path), 'utf8')] as const;
    }),
  );
};

const agent = await sources('agent');

t.test('only those who are named start programs', async t => {
  const starters = agent.filter(([, text]) => /from 'node:child_process'/.test(text)).map(([path]) => path);
  const types = /^import type .* from 'node:child_process';$/m;
  const real = agent
    .filter(([path, text]) => starters.includes(path) && /node:child_process/.test(text.replace(types, '')))
    .map(([path]) => path);
  t.same(real.toSorted(), Object.keys(STARTERS).toSorted());
  for (const [path, text] of agent) t.notMatch(text, /from 'node:(?:cluster|worker_threads)'/, path);
});

t.test('no source of the agent or the package names a shell', async t => {
  for (const [path, text] of [...agent, ...(await sources('packaging'))])
    for (const shell of SHELL) t.notMatch(withoutComments(text), shell, `${path}: ${shell.source}`);
});

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');

t.test('what is looked for would be found', async t => {
  const bad = [
    'spawn(x, {shell: true})',
    "exec('ls')",
    "spawn('sh', ['-c', text])",
    "spawn('/bin/bash', [])",
    "['-c', 'cat x; rm y']",
    'eval(text)',
  ];
  for (const text of bad)
    t.ok(
      SHELL.some(shell => shell.test(text)),
      text,
    );
});

t.test('the unit and the programs it starts are named by whole paths', async t => {
  const unit = await readFile(join(ROOT, 'systemd/release-agentd.service'), 'utf8');
  for (const [, command = ''] of unit.matchAll(/^Exec\w+=(.*)$/gm))
    t.match(command, /^\/usr\/lib\/release-agent\/node /);
});

// Units of the agent are transient: a reload would also load what somebody else has half edited.
t.test('the agent has systemd read no unit files again', async t => {
  for (const [path, text] of agent) t.notMatch(withoutComments(text), /daemon-reload|daemon-reexec/, path);
});
