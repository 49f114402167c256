import type {Test} from 'tap';
import type {StoreSettings} from '../../agent/config/settings.ts';
import type {Store} from '../../agent/ports.ts';
import type {StoreTuning} from '../../agent/store/open.ts';
import {presenceContract} from './contract/presence.ts';
import {valueContract} from './contract/values.ts';
import {watchContract} from './contract/watch.ts';

/** Two clients of one store that nobody else uses, and how another process opens it. Closed by the test's teardown. */
export interface Opened {
  readonly store: Store;
  readonly second: Store;
  readonly settings: StoreSettings;
  readonly tuning?: StoreTuning;
}

export interface ContractOptions {
  readonly open: (t: Test) => Promise<Opened>;
  /** how soon a watch says what changed: milliseconds for a store that tells, the interval for one that is polled */
  readonly latencyMs: number;
  /** the shortest time that a presence may be asked to live for */
  readonly ttlMs: number;
  /** whether a key can be below another key (`a` and `a/b`); else the second is refused */
  readonly nested: boolean;
}

/** What every store must do, whatever is behind it: one suite for all adapters. */
export const storeContract = async (t: Test, options: ContractOptions): Promise<void> => {
  await t.test('values', t => valueContract(t, options));
  await t.test('watch', t => watchContract(t, options));
  await t.test('presence', t => presenceContract(t, options));
};
