/**
 * Bad input, and what it gets. Hosts that serve under load are given what fingers, programs and strangers put into keys, configurations and disks.
 * Each row: the reason in the log, in STATUS=, in status and in why; the application untouched (or back, without a lost
 * request, where a release had to be tried); nothing left behind; and once the cause is gone the same agent goes on by itself.
 */
import {CONFIG_ROWS, tryConfig} from './bad-input/config.ts';
import {HOST_ROWS} from './bad-input/host.ts';
import {KEY_ROWS} from './bad-input/key.ts';
import {type Trial, testBadInput, trialOf} from './bad-input/run.ts';

const CONFIG: readonly Trial[] = CONFIG_ROWS.map(row => ({
  name: `configuration: ${row.name}`,
  run: (t, lane) => tryConfig(t, lane, row),
}));

testBadInput({
  name: 'keys',
  tables: [
    [KEY_ROWS.map(trialOf), 5],
    [HOST_ROWS.map(trialOf), 1],
    [CONFIG, 1],
  ],
});
