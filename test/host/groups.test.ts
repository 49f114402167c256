import t from 'tap';
import {groupNumber, localGroup} from '../../agent/host/groups.ts';

const never = new AbortController().signal;

t.test('a group is found by its whole name, or taken by its number', async t => {
  t.equal(await localGroup('root'), 0);
  t.equal(await localGroup('roo'), null);
  t.equal(await groupNumber('root', never), 0);
  t.equal(await groupNumber('54321', never), 54_321);
});

t.test('one that no source of groups knows is not there', async t => {
  t.equal(await localGroup('no-such-group'), null);
  t.equal(await groupNumber('no-such-group', never), null);
});
