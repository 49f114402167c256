/** One fleet in a process of its own: `child.ts ADDRESS HOSTS SLOWEST_MS IDLE_MS`. Prints what its rollout cost as JSON. */
import process from 'node:process';
import {runRollout} from './fleet.ts';
import {countWire} from './wire.ts';

Error.stackTraceLimit = 0; // every blocking query that ends is an abort, whose error nobody looks at
const [address = '', hosts, slowestMs, idleMs] = process.argv.slice(2);
const say = (text: string): void => void process.stderr.write(`rollout: ${text}\n`);
const numbers = {hosts: Number(hosts), slowestMs: Number(slowestMs), idleMs: Number(idleMs)};
console.log(JSON.stringify(await runRollout({address, ...numbers, wire: countWire(), say})));
process.exit(0);
