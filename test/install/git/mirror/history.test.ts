import t from 'tap';
import {reason} from '../../../../agent/core/reason.ts';
import {ReasonError} from '../../../../agent/core/reason-error.ts';
import {isInHistory} from '../../../../agent/install/git/mirror/history.ts';
import type {Mirror} from '../../../../agent/install/git/mirror/mirror.ts';
import {reasonFrom} from '../../../support/reason-from.ts';

const never = new AbortController().signal;

const failing = (cause: string): Mirror => {
  const ask = async () => {
    throw new ReasonError(reason('child.failed', {command: 'git for-each-ref', cause}));
  };
  return {git: {ask}} as unknown as Mirror;
};

// Which of the two git ends by is a race between it and the fetch that it started.
t.test('a fetch that may not be, and ends before git wrote to it, is a commit that is not there', async t => {
  const refused = failing("SIGPIPE: fatal: transport 'https' not allowed");
  t.equal(await isInHistory(refused, 'a'.repeat(40), never), false);
  const killed = await reasonFrom(isInHistory(failing('SIGKILL'), 'a'.repeat(40), never));
  t.equal(killed.kind, 'child.failed');
});
