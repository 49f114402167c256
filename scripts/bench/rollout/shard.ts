/** A part of a fleet in a process of its own, forked by `shards.ts`: `shard.ts PART`. Answers what it is asked until it is told to stop. */
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import type {State} from '../../../agent/core/host/state.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import type {Log} from '../../../agent/ports.ts';
import {openStore} from '../../../agent/store/open.ts';
import {outMsOf} from './fleet.ts';
import {type BenchHost, startHost} from './host.ts';
import type {Asked, Moment, Part, Said} from './shards.ts';
import {countWire} from './wire.ts';

const AT_ONCE = 25;
const PAUSE_MS = 100;

Error.stackTraceLimit = 0; // every blocking query that ends is an abort, whose error nobody looks at
const part = JSON.parse(process.argv[2] ?? '') as Part;
const wire = countWire();
const hosts: BenchHost[] = [];
const moments: Moment[] = [];
const complaints: string[] = [];
const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  warning: text => void complaints.push(text),
  error: text => void complaints.push(text),
};

const start = async (): Promise<void> => {
  const keys = keysOf('web', 'production');
  for (let n = part.from; n < part.to; n += 1) {
    const instance = `i-${(0x0a1b2c3d4e5f0000 + n * 7_919).toString(16).padStart(17, '0')}`;
    const parts = {store: await openStore(part.store), keys, instance, zone: `zone-${n % 3}`, log};
    // of a clock that all processes of a machine share
    const turned = (isOut: boolean) => void moments.push({at: Number(process.hrtime.bigint()) / 1e6, isOut});
    hosts.push(startHost({...parts, outMs: () => outMsOf(n, part), turned}));
    if (n % AT_ONCE === 0) await sleep(PAUSE_MS);
  }
};

const serves = (now: State, release: string): boolean =>
  now.phase === 'serving' && now.active?.release.kind === 'ebs' && now.active.release.snapshot === release;

const answer = async (asked: Asked): Promise<unknown> => {
  switch (asked.what) {
    case 'serving':
      return hosts.filter(({state}) => serves(state(), asked.release)).length;
    case 'waiting':
      return hosts.filter(({state}) => state().phase === 'waiting').length;
    case 'wire':
      return wire();
    case 'moments':
      return moments;
    case 'complaints':
      return complaints;
    case 'stop':
      return Promise.all(hosts.map(host => host.stop())).then(() => null);
  }
};

process.on('message', async (asked: Asked) => {
  const said: Said = {id: asked.id, value: await answer(asked)};
  process.send?.(said);
});
process.once('disconnect', () => process.exit(0));
await start();
