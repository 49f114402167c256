/** Configurations that are not usable: the agent refuses to start in words, and what runs goes on running. */
import {rm} from 'node:fs/promises';
import {join} from 'node:path';
import type {Test} from 'tap';
import {put} from '../../lab/image/base.ts';
import {eventually} from '../../support/eventually.ts';
import type {Lane} from './lane.ts';

export interface ConfigRow {
  readonly name: string;
  /** what a drop-in says */
  readonly toml: string | Uint8Array;
  /** each of these is said, all at once */
  readonly problems: readonly string[];
}

const FILE = '/etc/release-agent/config.d/90-bad.toml';

/** Rows about the configuration. */
export const CONFIG_ROWS: readonly ConfigRow[] = [
  {
    name: 'unknown names, wrong units and wrong types, all at once',
    toml: 'chanel = "x"\n[gate]\ntimeout = 30\nbake = "5 minutes"\nhtpp = "x"\n[traffic.drain]\nport = "8080"\n',
    problems: [
      `chanel in ${FILE}: expected a known name, got an unknown one (did you mean channel?)`,
      'gate.timeout',
      'got 30 (write "30s" for seconds or "30m" for minutes)',
      'gate.bake',
      'got "5 minutes" (write "5m")',
      'gate.htpp',
      '(did you mean gate.http?)',
      'traffic.drain.port',
      'write 8080 without quotes',
    ],
  },
  {name: 'no TOML', toml: '{"app": "web"}', problems: ['line 1, column', 'expected TOML']},
  {
    name: 'bytes that are no text',
    toml: Buffer.from([0xff, 0xfe, 0x00, 0x41]),
    problems: ['line 1', 'expected UTF-8 text'],
  },
  {
    name: 'a name that steers a terminal',
    toml: '"\\u001b[2J\\u009bevil" = 1\n',
    problems: ['expected a known name, got an unknown one'],
  },
  {
    name: 'a password in the address of the remote',
    toml: '[install.git]\nurl = "https://ada:hunter2@git.example/app.git"\n',
    problems: ['install.git.url', 'credential-file'],
  },
  {
    name: 'a value where a table belongs',
    toml: 'install = "git"\n',
    problems: ['install', 'expected a table [install]'],
  },
  {name: 'rules across options', toml: '[gate]\nprobe-timeout = "10s"\n', problems: ['at most gate.timeout']},
];

const TOLD_MS = 60_000;

/** Starts the agent with the bad drop-in: log, STATUS= and `agentctl check` say every problem; without it the agent starts by itself. */
export const tryConfig = async (t: Test, lane: Lane, {toml, problems}: ConfigRow): Promise<void> => {
  const {instance} = lane;
  const {exec} = instance;
  const [application, log] = await Promise.all([lane.application(), instance.journal('release-agentd')]);
  try {
    await put(instance.root, FILE, toml);
    await exec(['systemctl', '--no-block', 'restart', 'release-agentd']);
    let silent: readonly string[] = [];
    const isTold = async () => {
      const told = await placesOf(lane, log.length);
      silent = problems.flatMap(problem =>
        Object.entries(told)
          .filter(([, text]) => !text.includes(problem))
          .map(([place, text]) => `${place} does not say ${problem}: ${text.slice(-600)}`),
      );
      return silent.length === 0;
    };
    await eventually('it is told', isTold, {timeoutMs: TOLD_MS, everyMs: 300}).catch(() => undefined);
    t.same(silent, [], 'log, STATUS= and agentctl check say every problem');
    const told = await placesOf(lane, log.length);
    t.notMatch(
      Object.values(told).join(),
      /hunter2|[\p{Cc}\p{Cf}]/u,
      'no secret, nothing that steers a terminal',
    );
    const status = await instance.agentctl('status');
    t.match(status.stderr, 'systemctl status release-agentd', 'agentctl says where to look');
    t.equal(status.code, 3);
  } finally {
    await rm(join(instance.root, FILE), {force: true});
  }
  await lane.settled(t, lane.served(), 'the agent starts by itself once it is mended');
  t.equal(await lane.application(), application, 'the application was not touched');
};

const placesOf = async ({instance}: Lane, since: number): Promise<Record<string, string>> => {
  const show = ['systemctl', 'show', '--property=StatusText', '--value', 'release-agentd'];
  const [log, STATUS, check] = await Promise.all([
    instance.journal('release-agentd'),
    instance.exec(show),
    instance.agentctl('check', '--json'),
  ]);
  return {
    log: log.slice(since).replaceAll(/\s+/g, ' '),
    STATUS: STATUS.stdout.trim(),
    check: textOf(check.stdout),
  };
};

const textOf = (json: string): string => {
  try {
    const {problems} = JSON.parse(json) as {problems: readonly Record<string, string | null>[]};
    return problems
      .map(
        ({name, file, expected, got, hint}) =>
          `${name} in ${file}: expected ${expected}, got ${got}${hint === undefined ? '' : ` (${hint})`}`,
      )
      .join('; ');
  } catch {
    return json;
  }
};
