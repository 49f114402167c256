/** A share of the hosts in a process of its own: `child.ts ADDRESS PREFIX KEY HOSTS`. Tells its parent when each of them was told of a value, all together. */
import process from 'node:process';
import {setTimeout as sleep} from 'node:timers/promises';
import type {Store} from '../../../agent/ports.ts';
import {openStore} from '../../../agent/store/open.ts';
import {monotonicMs} from './rounds.ts';

const [address = '', prefix = '', key = '', hosts] = process.argv.slice(2);
const count = Number(hosts);
let told: number[] = [];

const tell = (): void => {
  told.push(monotonicMs());
  if (told.length < count) return;
  process.send?.(told);
  told = [];
};

const follow = async (store: Store): Promise<void> => {
  for await (const update of store.watch(key, new AbortController().signal))
    if (update.type === 'value') tell();
};

const begin = async (): Promise<void> => {
  for (let n = 0; n < count; n += 1) {
    void follow(await openStore({kind: 'consul', url: address, prefix}));
    if (n % 50 === 49) await sleep(20);
  }
};

process.on('disconnect', () => process.exit(0));
void begin();
