/** Secrets are planted everywhere, a host boots, follows and fails, and they are looked for wherever they must not be. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import t from 'tap';
import {packageForLab} from '../lab/image/package.ts';
import {eventually} from '../support/eventually.ts';
import {unmet} from '../support/needs.ts';
import {recorded} from './recorder.ts';
import {SECRETS, type SecretHost, startSecretHost} from './secret-host.ts';
import {watchCommandLines} from './watch-command-lines.ts';

const PLANTED = Object.values(SECRETS);
const found = (text: string): readonly string[] => PLANTED.filter(secret => text.includes(secret));

/** The variables that each program of the agent may be given besides PATH and LANG. */
const GIT = /^(?:GIT_[A-Z_]+(?:_\d+)?|HOME|RELEASE_AGENT_(?:CREDENTIAL_FILE|REMOTE))$/;
const MAY: Readonly<Record<string, RegExp>> = {git: GIT, nice: GIT, 'systemd-notify': /^NOTIFY_SOCKET$/};

const KEYS = 'release-agent/web/production';
const desire = ({consul}: SecretHost, release: string) => consul('PUT', `kv/${KEYS}/desired`, release);
const statusOf = async ({machine}: SecretHost) =>
  JSON.parse((await machine.exec(['agentctl', 'status', '--json'])).stdout);
const until = (
  host: SecretHost,
  what: string,
  ask: (status: Awaited<ReturnType<typeof statusOf>>) => boolean,
) => eventually(what, async () => ask(await statusOf(host)), {timeoutMs: 60_000, everyMs: 200});
const serves = (host: SecretHost, release: string) =>
  until(host, `${release} serves`, ({phase, active}) => phase === 'serving' && active?.release === release);

t.test('secrets', {skip: unmet('root', 'debian'), timeout: 300_000}, async t => {
  const host = await startSecretHost(t, {name: `sec-${process.pid % 10_000}`, deb: await packageForLab()});
  const {machine, git, door} = host;
  t.teardown(async () => {
    if (!t.passing()) t.comment((await machine.journal('release-agentd.service')).slice(-6_000));
  });
  const one = await git.commit({name: 'one'});
  await machine.boot();
  const lines = watchCommandLines(machine.pid() ?? 0);
  t.teardown(lines.stop);
  await eventually(
    'Consul leads',
    () =>
      host.consul('GET', 'kv/?keys').then(
        () => true,
        () => host.consul('GET', 'agent/self').then(() => true),
      ),
    {
      timeoutMs: 60_000,
      everyMs: 200,
    },
  );
  const told: string[] = [];
  const listen = async () => {
    for (const verb of [['status'], ['status', '--json'], ['why'], ['history', '--json']])
      told.push((await machine.exec(['agentctl', ...verb])).stdout);
    told.push((await machine.exec(['systemctl', 'status', 'release-agentd.service'])).stdout);
  };

  await t.test('boots and follows with them', async t => {
    await desire(host, one);
    await serves(host, one);
    const two = await git.commit({name: 'two'});
    await desire(host, two);
    await serves(host, two);
    await listen();
    t.pass(two);
  });

  await t.test('fails in every way that has to do with them', async t => {
    const sick = await git.commit({name: 'sick', sick: true});
    await desire(host, sick);
    await until(host, 'a sick release is taken back', ({rejected}) => rejected?.release === sick);
    await listen();
    door.password = 'another';
    const three = await git.commit({name: 'three'});
    await desire(host, three);
    await until(host, 'git refuses', status => /refuses the credentials/.test(JSON.stringify(status)));
    await listen();
    await machine.exec(['chmod', '0644', '/etc/release-agent/git.credential']);
    await machine.exec(['agentctl', 'retry']);
    await until(host, 'a readable credential', status => /mode 0644/.test(JSON.stringify(status)));
    await listen();
    await machine.exec(['chmod', '0600', '/etc/release-agent/git.credential']);
    await machine.exec(['chmod', '0640', '/etc/release-agent/consul.token']);
    await until(host, 'a readable token', status => /mode 0640/.test(JSON.stringify(status)));
    await listen();
    await machine.exec(['chmod', '0600', '/etc/release-agent/consul.token']);
    await machine.exec(['tee', '/etc/release-agent/consul.token'], {
      input: 'planted-git-password-is-no-token\n',
    });
    await until(host, 'Consul refuses', status => /refuses the request/.test(JSON.stringify(status)));
    await listen();
    await machine.exec(['tee', '/etc/release-agent/consul.token'], {input: `${SECRETS.consul}\n`});
    door.password = SECRETS.git;
    await serves(host, three);
    await machine.exec(['systemctl', 'restart', 'release-agentd.service']);
    await serves(host, three);
    await listen();
    t.pass(three);
  });

  await t.test('are in no argument', async t => {
    const {seen, leaks} = lines.stop();
    t.ok(seen > 20, `${seen} command lines`);
    t.same(leaks, []);
    const children = await recorded(machine.root);
    t.ok(children.length > 50, `${children.length} children`);
    t.same(
      children.filter(({argv}) => found(argv.join('\n')).length > 0),
      [],
    );
  });

  await t.test('are in no environment: each child has what it is named', async t => {
    const children = await recorded(machine.root);
    const kinds = new Set(children.map(({program}) => program));
    for (const kind of ['git', 'systemctl', 'systemd-run', 'systemd-notify', 'ss', 'realpath', 'test'])
      t.ok(kinds.has(kind), `${kind} was seen`);
    const given = children.flatMap(({program, environment}) =>
      environment.map(each => ({program, name: each.slice(0, each.indexOf('=')), value: each})),
    );
    t.same(
      given.filter(({value}) => found(value).length > 0),
      [],
    );
    const more = given.filter(
      ({program, name}) => !/^(?:PATH|LANG)$/.test(name) && !MAY[program]?.test(name),
    );
    t.same([...new Set(more.map(({program, name}) => `${program}: ${name}`))], []);
  });

  await t.test('are in no log, journal, store, status or unit', async t => {
    const inside = async (...argv: string[]) => (await machine.exec(argv, {timeoutMs: 30_000})).stdout;
    const places: Readonly<Record<string, string>> = {
      'the system journal': await inside('journalctl', '--output=export', '--all'),
      'what agentctl and systemctl said': told.join('\n'),
      'the store': Buffer.from(await host.consul('GET', 'kv/?recurse')).toString() + (await decoded(host)),
      'the state folder': await inside(
        'grep',
        '-raoE',
        '(planted|5ec4e7c0)[-a-z0-9]*',
        '/var/lib/release-agent',
        '/run/release-agent',
        '/var/cache/release-agent',
      ),
      'the units': await inside(
        'sh',
        '-c',
        'cat /run/systemd/transient/* 2>/dev/null; systemctl show "release-agent-*"',
      ),
    };
    for (const [place, text] of Object.entries(places)) t.same(found(text), [], place);
    for (const place of ['the system journal', 'the store', 'what agentctl and systemctl said'])
      t.ok((places[place]?.length ?? 0) > 1_000, `${place} has something in it`);
    const journal = await readFile(join(machine.root, 'var/lib/release-agent/journal.json'), 'utf8');
    t.same(found(journal), []);
  });
});

const decoded = async ({consul}: SecretHost): Promise<string> => {
  const entries = JSON.parse(await consul('GET', 'kv/?recurse')) as readonly {Value: string | null}[];
  return entries.map(({Value}) => Buffer.from(Value ?? '', 'base64').toString()).join('\n');
};
