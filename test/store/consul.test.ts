import t from 'tap';
import {openStore} from '../../agent/store/open.ts';
import {startConsul} from '../support/consul.ts';
import {unmet} from '../support/needs.ts';
import {storeContract} from './contract.ts';

const skip = unmet('root', 'debian');

await t.test('the contract of every store', {skip}, async t => {
  const consul = await startConsul(t);
  let opened = 0;
  await storeContract(t, {
    open: async t => {
      opened += 1;
      const settings = {kind: 'consul', url: consul.address, prefix: `test/${opened}`} as const;
      const tuning = {sessionTtlMinMs: 1_000};
      const [store, second] = [await openStore(settings, tuning), await openStore(settings, tuning)];
      t.teardown(() => Promise.all([store.close(), second.close()]));
      return {store, second, settings, tuning};
    },
    latencyMs: 1_000,
    ttlMs: 1_000,
    nested: true,
  });
});
