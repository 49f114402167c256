/**
 * What a rollout asks of one Consul, and how near it comes to the ideal: `npm run bench -- rollout [--hosts 1000] [--seconds 30]`. Beside it 60
 * hosts, and 60 contenders of `consul lock -n` for the same job. docs/benchmarks.md tells how to read it.
 */
import process from 'node:process';
import {parseArgs} from 'node:util';
import {unmet} from '../../../test/support/needs.ts';
import {type BenchConsul, withConsul} from '../consul.ts';
import {rounded} from '../median.ts';
import {type Rollout, runRollout} from './fleet.ts';
import {lockVersusIdeal} from './lock.ts';

const SMALL = 60;
const IDLE_MS = 20_000;

const {values} = parseArgs({
  options: {hosts: {type: 'string', default: '1000'}, seconds: {type: 'string', default: '30'}},
});
const whole = (name: string, text: string, least: number): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`expected --${name} to be a whole number, at least ${least}, got ${text}`);
};
const hosts = whole('hosts', values.hosts, 1);
const slowestMs = whole('seconds', values.seconds, 1) * 1_000;

const say = (text: string): void => void process.stderr.write(`rollout: ${text}\n`);

/** One process, and one Consul, has descriptors for so many; more are spread over agents of Consul, as in a real fleet each has its own. */
const PER_PROCESS = 1_500;

const rolloutOf = async ({address, agents}: BenchConsul, count: number): Promise<Rollout> => {
  const addresses = count <= PER_PROCESS ? [address] : await agents(Math.ceil(count / PER_PROCESS));
  return runRollout({addresses, hosts: count, slowestMs, idleMs: IDLE_MS, say});
};

const measure = () =>
  withConsul(async (consul, program) => {
    say(`${hosts} hosts, of which the slowest is out for ${slowestMs / 1_000} s`);
    const ours = await rolloutOf(consul, hosts);
    say(`${SMALL} hosts, and ${SMALL} contenders of consul lock`);
    const small = await rolloutOf(consul, SMALL);
    const lock = await lockVersusIdeal({program, address: consul.address, hosts: SMALL, slowestMs});
    return {ours, small, lock};
  });

const report = ({ours, small, lock}: Awaited<ReturnType<typeof measure>>): void => {
  const {cost, idle, violations, out} = ours;
  const ratioOf = ({wallMs, idealMs}: Rollout): number => rounded(wallMs / idealMs, 3);
  console.log(
    JSON.stringify({
      bench: 'rollout',
      hosts,
      vs_ideal: ratioOf(ours),
      violations,
      requests_per_host: rounded((cost.requests - idle.requests) / hosts, 1),
      bytes_per_host: Math.round((cost.bytes - idle.bytes) / hosts),
      consul_lock_vs_ideal: rounded(lock, 3),
      ours_60_vs_ideal: ratioOf(small),
      idle_requests_per_host: rounded(idle.requests / hosts, 1),
      idle_bytes_per_host: Math.round(idle.bytes / hosts),
      statuses_kb_per_s: Math.round(cost.statuses / ours.wallMs),
      most_out: out,
      slowest_s: slowestMs / 1_000,
      wall_s: rounded(ours.wallMs / 1_000, 1),
    }),
  );
};

const needs = unmet('root', 'debian');
if (needs !== false) {
  say(`this benchmark ${needs}`);
  process.exitCode = 1;
} else report(await measure());
