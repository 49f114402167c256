/**
 * Bad input, and what it gets. Hosts that serve under load are given what fingers, programs and strangers put into snapshots, repositories and releases.
 * Each row: the reason in the log, in STATUS=, in status and in why; the application untouched (or back, without a lost
 * request, where a release had to be tried); nothing left behind; and once the cause is gone the same agent goes on by itself.
 */
import {GIT_ROWS} from './bad-input/git.ts';
import {RELEASE_ROWS} from './bad-input/release.ts';
import {testBadInput, trialOf} from './bad-input/run.ts';
import {SNAPSHOT_ROWS} from './bad-input/snapshot.ts';

testBadInput({
  name: 'releases',
  tables: [SNAPSHOT_ROWS, GIT_ROWS, RELEASE_ROWS].map(rows => [rows.map(trialOf), 2] as const),
});
