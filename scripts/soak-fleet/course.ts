/** What one release must come to. Everything is read from Consul, so that watching costs the hosts nothing. */
import type {Ledger} from '../../agent/core/fleet/ledger.ts';
import type {HostStatus} from '../../agent/core/host/status.ts';
import type {ReasonKind} from '../../agent/core/reason.ts';
import type {Region} from '../../test/lab/region.ts';
import {eventually} from '../../test/support/eventually.ts';
import type {Bad, Planned} from './plan.ts';

export type Published = Planned & {readonly id: string};

const GOOD_MS = 180_000;
const BAD_MS = 180_000;
const EVERY_MS = 100;

/** Makes a release; one that is missing only gets a name. */
export const publish = async (region: Region, planned: Planned): Promise<Published> => {
  const {number, fs, bad} = planned;
  const name = `release-${number}${bad ? `-${bad.kind}` : ''}`;
  if (bad && !bad.release) return {...planned, id: nowhere(planned)};
  return {...planned, id: await region.publish({name, ...bad?.release}, fs)};
};

const nowhere = ({number, fs}: Planned): string =>
  fs === 'git' ? number.toString(16).padStart(40, 'd') : `snap-${number.toString(16).padStart(17, 'd')}`;

/** Asks for a release and waits for its end: proven, or ended for a right reason on the first host, the others untouched. */
export const roll = async (region: Region, published: Published): Promise<void> => {
  await region.desire(published.id);
  if (published.bad === null) await isProven(region, published.id);
  else if (published.bad.release) await isTakenBack(region, published, published.bad);
  else await isRefused(region, published, published.bad);
};

const isProven = (region: Region, id: string): Promise<unknown> =>
  eventually(
    `${id} to be proven`,
    async () => {
      const {proven, permits} = await ledgerOf(region);
      return proven === id && permits.length === 0 && inTraffic(region);
    },
    {timeoutMs: GOOD_MS, everyMs: EVERY_MS},
  );

const isTakenBack = async (region: Region, {id}: Published, bad: Bad): Promise<void> => {
  const ledger = await eventually(
    `${id} (${bad.kind}) to be taken back`,
    async () => {
      const now = await ledgerOf(region);
      const isOver = now.rollout?.release === id && now.failures.length > 0 && now.permits.length === 0;
      return isOver && inTraffic(region) && now;
    },
    {timeoutMs: BAD_MS, everyMs: EVERY_MS},
  );
  if (ledger.proven === id) throw new Error(`${id} (${bad.kind}) became proven`);
  for (const {cause} of ledger.failures) expectReason(id, bad, cause?.kind);
};

const isRefused = async (region: Region, {id}: Published, bad: Bad): Promise<void> => {
  const what = `every host to say that ${id} is ${bad.kind}`;
  const hosts = await eventually(
    what,
    async () => {
      const now = await hostsOf(region);
      return now.every(each => each?.phase === 'staging' && each.reason !== null) && now;
    },
    {timeoutMs: BAD_MS, everyMs: EVERY_MS},
  );
  for (const host of hosts) expectReason(id, bad, host?.reason?.kind);
};

const expectReason = (id: string, {kind, reasons}: Bad, got: ReasonKind | undefined): void => {
  if (got === undefined || !reasons.includes(got))
    throw new Error(`${id} (${kind}): expected ${reasons.join(' or ')}, got ${got}`);
};

const inTraffic = ({balancer, instances}: Region): boolean => balancer.ready().length === instances.length;

const KEYS = 'release-agent/web/production';

const ledgerOf = async ({consul}: Region): Promise<Ledger> => {
  const text = await consul.get(`${KEYS}/ledger`);
  if (text === undefined) throw new Error('there is no ledger');
  return JSON.parse(text) as Ledger;
};

const hostsOf = ({consul, instances}: Region): Promise<readonly (HostStatus | null)[]> =>
  Promise.all(
    instances.map(async ({id}) => {
      const text = await consul.get(`${KEYS}/hosts/${id}`);
      return text === undefined ? null : (JSON.parse(text) as HostStatus);
    }),
  );
