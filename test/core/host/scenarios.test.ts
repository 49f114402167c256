/**
 * Plays the scripts in `scenarios/`: commands, `----`, and the transcript they must give. `SCENARIOS=write` writes the
 * transcripts anew; read the difference before it is committed.
 */
import {readdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';
import {describe} from '../../../agent/core/host/describe.ts';
import {releaseId} from '../../../agent/core/release.ts';
import {checkQuiet} from './invariants.ts';
import {
  ask,
  createWorld,
  type Fault,
  fire,
  happen,
  type Operation,
  settleWorld,
  snap,
  start,
  type World,
} from './world.ts';

type Command = (world: World, ...args: readonly string[]) => void;

const operator = (type: string) => (world: World) =>
  happen(world, {type, by: 'anna', note: 'looking into it'} as never);

const COMMANDS: Readonly<Record<string, Command>> = {
  asks: (world, release = '') =>
    ask(world, snap(Number(release)), `v${world.asked ? Number(world.asked.version.slice(1)) + 1 : 1}`),
  breaks: (world, release = '') => void world.broken.add(releaseId(snap(Number(release)))),
  mends: (world, release = '') => void world.broken.delete(releaseId(snap(Number(release)))),
  fault: (world, effect = '', ...faults) => void world.faults.set(effect as Operation, faults as Fault[]),
  'store-stops': world => void Object.assign(world, {storeUp: false}),
  'store-returns': world => void Object.assign(world, {storeUp: true}),
  'permits-stop': world => void Object.assign(world, {grants: false}),
  proven: (world, release = '') => void Object.assign(world, {proven: snap(Number(release))}),
  'agent-restarts': world => start(world, true),
  'host-reboots': world => start(world, false),
  'time-passes': fire,
  holds: operator('operator.held'),
  resumes: operator('operator.resumed'),
  retries: operator('operator.retried'),
  'rolls-back': operator('operator.rolled-back'),
};

const play = (commands: readonly string[], world: World): readonly string[] => {
  world.log = [];
  for (const line of commands) {
    const [name = '', ...args] = line.split(' ');
    const command = COMMANDS[name];
    if (!command) throw new Error(`no command ${line}`);
    command(world, ...args);
    settleWorld(world, {timers: 30});
    checkQuiet(world);
  }
  return [...world.log, `= ${describe(world.state)}`];
};

/** A script is a title and blocks; a block is commands, `----` and a transcript. */
const playScript = (script: string): string => {
  const [title = '', ...blocks] = script.trimEnd().split('\n\n');
  const world = createWorld();
  settleWorld(world, {timers: 0});
  const played = blocks.map(block => {
    const commands = block.split('\n----')[0]?.split('\n') ?? [];
    return [...commands, '----', ...play(commands, world)].join('\n');
  });
  return `${[title, ...played].join('\n\n')}\n`;
};

const FOLDER = join(import.meta.dirname, 'scenarios');

for (const file of (await readdir(FOLDER)).toSorted()) {
  t.test(file.replace('.txt', '').replaceAll('-', ' '), async t => {
    const path = join(FOLDER, file);
    const script = await readFile(path, 'utf8');
    const played = playScript(script);
    if (process.env.SCENARIOS === 'write') await writeFile(path, played);
    else t.equal(played, script);
  });
}
