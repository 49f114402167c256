import {writeFile} from 'node:fs/promises';
import t from 'tap';
import {reason} from '../../agent/core/reason.ts';
import {ReasonError, reasonOf} from '../../agent/core/reason-error.ts';

t.test('the reason of what was thrown', async t => {
  const own = reason('desired.missing', {key: 'desired'});
  t.equal(reasonOf(new ReasonError(own)), own);
  t.match(reasonOf(new Error('odd')), {kind: 'unexpected', details: {cause: 'odd'}});
  t.match(reasonOf('odd'), {kind: 'unexpected', details: {cause: 'odd'}});
});

t.test('a full disk is told from what nobody expected', async t => {
  const error: unknown = await writeFile('/dev/full', 'x').catch((error: unknown) => error);
  t.match(reasonOf(error), {kind: 'disk.full', details: {path: 'this host', cause: /ENOSPC/}});
});
