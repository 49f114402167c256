import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fetch} from '../../support/fetch.ts';
import {listRegions, runDirOf} from '../resources.ts';
import {createKv} from '../services/kv.ts';
import type {LabFacts} from './supervise.ts';

const KEY = 'release-agent/web/production';

/** Prints what runs in a region and what can be tried with it; 0 when it runs, 3 when not. */
export const status = async (name: string): Promise<number> => {
  const region = listRegions().find(each => each.name === name);
  const file = join(runDirOf(name), 'lab.json');
  if (region === undefined || !existsSync(file)) {
    process.stdout.write(`region ${name} is not running (scripts/lab up)\n`);
    return 3;
  }
  if (!region.isAlive) {
    process.stdout.write(`region ${name} has crashed; \`scripts/lab down --name ${name}\` cleans up\n`);
    return 3;
  }
  const facts = JSON.parse(readFileSync(file, 'utf8')) as LabFacts;
  process.stdout.write(`${await report(name, facts)}\n`);
  return 0;
};

const report = async (name: string, facts: LabFacts): Promise<string> => {
  const kv = createKv(facts.consul);
  const desired = await kv.get(`${KEY}/desired`);
  const passing = await kv.passing('web');
  const answer = await fetch(`${facts.balancer}/version`, {signal: AbortSignal.timeout(5_000)}).then(
    async reply => (reply.ok ? `release ${await reply.text()}` : `HTTP ${reply.status}`),
    error => String(error),
  );
  const releases = Object.entries(facts.releases).map(([what, id]) => `  ${id}  ${what}`);
  const lab = name === 'lab' ? 'scripts/lab' : `scripts/lab --name ${name}`;
  return `region ${name}
  desired ${desired ?? '(nothing)'}, in traffic ${passing.join(' ') || 'nobody'}, HAProxy answers ${answer}

releases
${releases.join('\n')}

try
  export CONSUL_HTTP_ADDR=${facts.consul}
  ${facts.consulProgram} kv put ${KEY}/desired ${facts.releases['release 2']}
  ${lab} exec 1 agentctl status         (2, 3: the other instances)
  ${lab} exec 1 agentctl why
  ${lab} exec 1 journalctl -u release-agentd -n 50
  ${lab} kill 2; ${lab} boot 2          (power cut; partition and heal: the cable)
  ${lab} load 200 10                    (requests per second, seconds)
  curl ${facts.balancer}/version        (HAProxy; /slow takes 3 s)
  ${lab} down

logs ${runDirOf(name)} (consoles, HAProxy), EC2 at ${facts.ec2}, git at ${facts.git}`;
};
