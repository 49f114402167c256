/**
 * A fleet of eight under load, and everything that operators ask of it while it rolls, fails, goes back, is cut or loses its store.
 * All that is asked is asked through agentctl, from a machine beside the fleet or on one of its hosts. `ROWS=…` picks rows by hand.
 */
import t from 'tap';
import {unmet} from '../../support/needs.ts';
import {everything, sample} from '../../support/sample.ts';
import {pickedByHand} from '../trials.ts';
import {FAILURES} from './failures.ts';
import {LOSSES} from './losses.ts';
import {startNight} from './night.ts';
import {OPERATORS} from './operators.ts';
import {liveThrough, type Row} from './row.ts';
import {SHARES} from './shares.ts';
import {WAVES} from './waves.ts';

const TABLE: readonly Row[] = [...WAVES, ...FAILURES, ...LOSSES, ...OPERATORS, ...SHARES];
const SAMPLE = 2;

t.test(
  'a fleet of eight',
  {skip: unmet('root', 'debian', 'loop'), timeout: everything() ? 2_400_000 : 900_000},
  async t => {
    const night = await startNight(t, 'rollouts');
    for (const row of pickedByHand(TABLE) ?? sample(t, TABLE, SAMPLE))
      await t.test(row.name, t => liveThrough(t, night, row));
  },
);
