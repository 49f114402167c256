/** Hosts that do what they are asked, and a coordinator, against a real store: what becomes of a command when nobody is in the way. */
import {readFleet} from '../../../agent/cli/fleet/reach/read.ts';
import type {Ledger} from '../../../agent/core/fleet/ledger.ts';
import {plan} from '../../../agent/core/fleet/plan.ts';
import {noteRollout} from '../../../agent/core/fleet/record/note.ts';
import {readRecord} from '../../../agent/core/fleet/record/record.ts';
import type {HostStatus} from '../../../agent/core/host/status.ts';
import type {TestFleet} from './store.ts';

const signal = new AbortController().signal;
const MOST = 200;

/** Lets the fleet go on until nothing changes any more. Hosts that are held stay where they are. */
export const settle = async (fleet: TestFleet): Promise<void> => {
  for (let steps = 0; steps < MOST; steps += 1) if (!(await step(fleet))) return;
  throw new Error(`the fleet does not settle in ${MOST} steps`);
};

/** True when something changed. */
const step = async ({store, keys, put}: TestFleet): Promise<boolean> => {
  const {view} = await readFleet({store, keys, signal, app: '', channel: '', name: ''});
  const {ledger} = plan(view);
  const hosts = view.hosts.map(host => moved(host, ledger));
  const number = ledger.rollout?.number ?? 0;
  const entry = await store.get(keys.rollout(number), signal);
  const known = entry && readRecord(entry.key, entry.value);
  const record = noteRollout(known?.ok ? known.value : null, {...view, ledger});
  const changes = [
    ...(record && JSON.stringify(record) !== entry?.value ? [put(keys.rollout(number), record)] : []),
    ...(isSame(ledger, view.ledger) ? [] : [put(keys.ledger, ledger)]),
    ...hosts
      .filter((host, n) => !isSame(host, view.hosts[n]))
      .map(host => put(keys.host(host.instance), host)),
  ];
  await Promise.all(changes);
  return changes.length > 0;
};

const isSame = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Who has a permit is done with it at once; who has another release wants that of the rollout. */
const moved = (host: HostStatus, {permits, rollout}: Ledger): HostStatus => {
  const permit = permits.find(each => each.host === host.instance);
  if (permit) {
    const outcome = {
      fence: permit.fence,
      result: 'done',
      release: permit.release,
      version: permit.version,
      cause: null,
    } as const;
    return {...host, phase: 'serving', active: permit.release, wants: null, outcome};
  }
  if (!rollout || host.active === rollout.release || host.phase === 'held') return {...host, wants: null};
  return {...host, phase: 'waiting', wants: {release: rollout.release, version: rollout.version}};
};
