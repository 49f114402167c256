import t from 'tap';
import {openStore} from '../../agent/store/open.ts';
import {temporaryFolder} from '../support/temporary.ts';
import {storeContract} from './contract.ts';

await t.test('the contract of every store', t =>
  storeContract(t, {
    open: async t => {
      const settings = {kind: 'directory', path: await temporaryFolder(t)} as const;
      const [store, second] = [await openStore(settings), await openStore(settings)];
      t.teardown(() => Promise.all([store.close(), second.close()]));
      return {store, second, settings};
    },
    latencyMs: 1_000,
    ttlMs: 1_000,
    nested: false,
  }),
);
