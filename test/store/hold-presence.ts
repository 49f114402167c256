import process from 'node:process';
import {openStore} from '../../agent/store/open.ts';

/** A process that holds a presence until it is killed. Prints `true` or `false`: whether it got the key. */
const {settings, tuning, options, value} = JSON.parse(process.argv[2] ?? '');
const store = await openStore(settings, tuning);
const presence = store.presence(options);
presence.onLost(({details}) => console.log(`lost: ${details.cause}`));
console.log(await presence.set(value, new AbortController().signal));
setInterval(() => {}, 1_000);
