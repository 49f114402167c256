import t from 'tap';
import {EMPTY_LEDGER} from '../../../agent/core/fleet/ledger.ts';
import {placeOf} from '../../../agent/core/fleet/order.ts';
import type {EventInput} from '../../../agent/core/host/event-input.ts';
import {keysOf} from '../../../agent/core/keys.ts';
import {systemClock} from '../../../agent/host/clock.ts';
import {createLastDesired} from '../../../agent/runtime/effects/last-desired.ts';
import {createTurn} from '../../../agent/runtime/fleet/turn.ts';
import {createStoreHealth} from '../../../agent/runtime/health/store.ts';
import {watchDesired} from '../../../agent/runtime/loop/watch-desired.ts';
import {openStore} from '../../../agent/store/open.ts';
import {eventually} from '../../support/eventually.ts';
import {temporaryFolder} from '../../support/temporary.ts';

const keys = keysOf('web', 'production');
const quiet = {debug: () => {}, info: () => {}, warning: () => {}, error: () => {}};
const never = new AbortController().signal;

t.test(
  'a new desired release comes with the turn of this host in a fleet as large as the ledger says',
  async t => {
    const store = await openStore({kind: 'directory', path: await temporaryFolder(t)});
    t.teardown(() => store.close());
    const turn = createTurn({store, keys, instance: 'i-7', clock: systemClock});
    const write = (ledger: string) => store.put(keys.ledger, ledger, 'any', never);
    const place = placeOf('i-7');
    t.same(await turn(never), {place, hosts: 0}, 'nothing is known yet');
    await write(JSON.stringify({...EMPTY_LEDGER, hosts: 1_024}));
    t.same(await turn(never), {place, hosts: 1_024});
    await write('{');
    t.same(await turn(never), {place, hosts: 1_024}, 'what it said last');
    await write(JSON.stringify(EMPTY_LEDGER));
    t.same(await turn(never), {place, hosts: 0}, 'it is small now');

    await write(JSON.stringify({...EMPTY_LEDGER, hosts: 30}));
    const stop = new AbortController();
    const told: EventInput[] = [];
    const dispatch = (event: EventInput) => void told.push(event);
    const health = createStoreHealth('directory', quiet);
    const ended = watchDesired(
      {store, key: keys.desired, health, turn, last: createLastDesired(), dispatch},
      stop.signal,
    );
    await store.put(keys.desired, 'snap-22222222', 'any', never);
    await eventually('the release', () =>
      told.some(event => event.type === 'desired.read' && event.reading.ok),
    );
    t.match(told.at(-1), {turn: {place, hosts: 30}});
    stop.abort();
    await ended;
  },
);
