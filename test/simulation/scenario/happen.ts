/** Makes a happening true: to the fleet as a whole here, to one host in `happen-to.ts`. */
import {type Ledger, readLedger} from '../../../agent/core/fleet/ledger.ts';
import {allowRelease, denyRelease, type Edit, takePermit} from '../../../agent/core/fleet/operate/edit.ts';
import type {World} from '../fleet/world.ts';
import {happenTo, hostOf} from './happen-to.ts';
import type {Happening} from './happening.ts';

export const OPERATOR = 'operator';

type OfKind<K extends Happening['kind']> = Extract<Happening, {readonly kind: K}>;

/** What happens now; undone by itself where it lasts for some time. */
export const happen = (world: World, happening: Happening): void => {
  world.trace('', `>> ${JSON.stringify(happening)}`);
  if ('whom' in happening) {
    const machine = hostOf(world, happening.whom);
    if (machine) happenTo(world, machine, happening);
    return;
  }
  (FLEET[happening.kind] as (world: World, happening: Happening) => void)(world, happening);
};

type OfFleet = Exclude<Happening, {readonly whom: unknown}>['kind'];

const FLEET: {readonly [K in OfFleet]: (world: World, happening: OfKind<K>) => void} = {
  bump: (world, happening) => write(world, world.keys.desired, documentOf(world, happening)),
  policy: (world, {policy}) => write(world, world.keys.policy, policy),
  freeze: (world, {ms}) => stand(world, world.keys.freeze, ms),
  lock: (world, {ms}) => stand(world, world.keys.lock, ms),
  deny: (world, {release}) => edit(world, ledger => denyRelease(ledger, release)),
  allow: (world, {release}) => edit(world, ledger => allowRelease(ledger, release)),
  'release-permit': freeGone,
  'store-down': (world, {ms}) => turn(world, 'down', ms),
  leaderless: (world, {ms}) => turn(world, 'leaderless', ms),
  'store-late': ({machines, timeline}, {ms}) => {
    const links = [...machines.values()].map(({link}) => link);
    for (const link of links) link.slow = 20;
    timeline.after(ms, () => {
      for (const link of links) link.slow = 1;
    });
  },
  restore: ({server, timeline, scenario}, {ms}) => {
    const snapshot = server.snapshot();
    timeline.after(ms, () => {
      if (timeline.now() < scenario.calmAt) server.restore(snapshot);
    });
  },
  'ec2-down': ({ec2, timeline}, {ms}) => {
    ec2.isDown = true;
    timeline.after(ms, () => {
      ec2.isDown = false;
    });
  },
  'ledger-touched': touchLedger,
  'hat-lapse': lapse,
};

const write = ({server}: World, key: string, value: string): void =>
  void server.put({key, value, expected: 'any', by: OPERATOR});

const stand = (world: World, key: string, ms: number): void => {
  write(world, key, JSON.stringify({by: 'berta', note: 'a look', why: 'a look'}));
  world.timeline.after(ms, () => void world.server.delete(key, 'any'));
};

const turn = ({server, timeline}: World, health: 'down' | 'leaderless', ms: number): void => {
  server.turn(health);
  timeline.after(ms, () => server.turn('up'));
};

const documentOf = (world: World, {release, share, force, at}: OfKind<'bump'>): string => {
  const hosts = (force ?? []).flatMap(whom => hostOf(world, whom)?.instance ?? []);
  return JSON.stringify({
    release,
    by: 'anna',
    at: String(at),
    ...(share !== undefined && {share}),
    ...(hosts.length > 0 && {force: hosts}),
  });
};

const edit = (world: World, change: (ledger: Ledger) => Edit): void => {
  const reading = readLedger(world.server.get(world.keys.ledger)?.value ?? null);
  const edited = reading.ok ? change(reading.value) : null;
  if (edited?.ok) write(world, world.keys.ledger, JSON.stringify(edited.ledger));
};

// An operator knows what nobody tells a fleet without EC2: which instances are gone for good.
function freeGone(world: World): void {
  for (const {instance, power} of world.machines.values())
    if (power === 'terminated') edit(world, ledger => takePermit(ledger, instance, []));
}

// Whoever writes the ledger between a coordinator's read and its write makes that write fail.
function touchLedger(world: World): void {
  const entry = world.server.get(world.keys.ledger);
  const reading = readLedger(entry?.value ?? null);
  if (!entry || !reading.ok) return;
  write(world, world.keys.ledger, entry.value.endsWith(' ') ? entry.value.trimEnd() : `${entry.value} `);
}

// The servers take the hat away; its wearer does not notice for some time, and coordinates beside the next one.
function lapse({server, keys, machines}: World, {ms}: {readonly ms: number}): void {
  const wearer = machines.get(server.get(keys.coordinator)?.value ?? '');
  const session = server.holder(keys.coordinator);
  const store = wearer?.agent?.store;
  if (!session || !store) return;
  store.delay(keys.coordinator, ms);
  server.end(session);
}
