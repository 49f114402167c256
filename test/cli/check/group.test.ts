import t from 'tap';
import {groupPart} from '../../../agent/cli/check/group.ts';
import type {Settings} from '../../../agent/config/settings.ts';

const never = new AbortController().signal;
const examine = (git?: {readonly group?: string}) =>
  groupPart.examine({settings: {install: {git}} as unknown as Settings, root: '/'}, never);

t.test('a group that the host has is fine, by name and by number', async t => {
  for (const group of ['root', '54321']) t.same(await examine({group}), {problems: [], notes: []});
});

t.test('one that it has not is a problem', async t => {
  t.match(await examine({group: 'no-such-group'}), {
    problems: [{name: 'install.git.group', expected: /group that this host has/, got: 'no-such-group'}],
    notes: [],
  });
});

t.test('without the option there is nothing to look at', async t => {
  t.equal(await examine({}), null);
  t.equal(await examine(), null);
});
