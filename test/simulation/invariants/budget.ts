import type {HostStatus} from '../../../agent/core/host/status.ts';
import type {LedgerWritten, World} from '../fleet/world.ts';
import {type Invariant, isRestored, knownBefore} from './invariant.ts';
import {policiesOf} from './past.ts';
import {membersOf, share} from './size.ts';

/** Nobody begins the release of a rollout once the coordinator knows that it failed on too many hosts. */
export const budget: Invariant = (world, fail) => {
  const restored = isRestored(world);
  const policies = policiesOf(world);
  const failures = createFailures(world);
  const write = ({after, granted}: LedgerWritten): void => {
    const {rollout} = after;
    const begun = granted.find(
      ({release, version}) => release === rollout?.release && version === rollout.version,
    );
    if (!begun) return;
    const size = membersOf(world, after).size;
    const most = Math.max(1, ...policies().map(policy => Math.floor(share(policy.budget, size))));
    const booked = new Set(after.failures.map(({host}) => host)).size;
    const count = Math.max(booked, failures.of(begun));
    if (count >= most)
      fail(`${begun.host} may begin ${begun.release}: it failed on ${count}, and the budget is ${most}`);
  };
  return event => {
    if (event.type === 'restored') failures.forget();
    if (event.type === 'status' && !restored()) failures.note(event.status);
    if (event.type === 'ledger') write(event);
  };
};

interface Asked {
  readonly release: string;
  readonly version: string;
}

const nameOf = ({release, version}: Asked): string => `${release} ${version}`;

/** On which hosts a release failed under a desired version, as they say themselves. */
const createFailures = (world: World) => {
  const said = new Map<string, Map<string, number>>();
  return {
    note: ({instance, outcome}: HostStatus): void => {
      if (outcome?.result !== 'rolled-back' && outcome?.result !== 'stuck') return;
      const what = nameOf(outcome);
      const hosts = said.get(what) ?? new Map<string, number>();
      if (!hosts.has(instance)) hosts.set(instance, world.timeline.now());
      said.set(what, hosts);
    },
    forget: (): void => said.clear(),
    /** on how many, as far as every coordinator knows */
    of: (begun: Asked): number => {
      const before = knownBefore(world);
      return [...(said.get(nameOf(begun)) ?? [])].filter(([, at]) => at < before).length;
    },
  };
};
