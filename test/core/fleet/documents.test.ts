import t from 'tap';
import {EMPTY_LEDGER, readLedger} from '../../../agent/core/fleet/ledger.ts';
import {readStatus} from '../../../agent/core/host/status.ts';
import {reason} from '../../../agent/core/reason.ts';
import {host} from './fleet.ts';

t.test('a ledger and a status of tomorrow or of nobody are refused with what is wrong', async t => {
  t.ok(readLedger(null).ok);
  t.ok(readLedger(JSON.stringify({...EMPTY_LEDGER, blocked: reason('permit.waiting', {})})).ok);
  for (const text of ['', '{}', '[]', 'null', '{"format":2}', JSON.stringify({...EMPTY_LEDGER, fence: -1})]) {
    const reading = readLedger(text);
    t.match(reading, {ok: false, cause: {kind: 'store.document', details: {key: 'ledger'}}}, text);
  }
  const old = JSON.stringify({
    ...EMPTY_LEDGER,
    provenBefore: undefined,
    rollout: {version: '1', release: 'r'},
  });
  t.strictSame(
    readLedger(old),
    {
      ok: true,
      value: {
        ...EMPTY_LEDGER,
        rollout: {
          ...{number: 0, version: '1', release: 'r', since: 0, way: 'forward', wave: 0},
          ...{bakes: null, unwell: null, revert: null},
        },
      },
    },
    'what an older agent wrote has less of it',
  );
  t.ok(readStatus('hosts/a', JSON.stringify(host('a'))).ok);
  t.notOk(readStatus('hosts/a', JSON.stringify({...host('a'), phase: 'flying'})).ok);
});
