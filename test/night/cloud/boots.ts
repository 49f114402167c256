/** A host that boots while its metadata service does not answer: it says so, and boots once it does. */
import type {Test} from 'tap';
import {eventually} from '../../support/eventually.ts';
import type {Lane} from '../bad-input/lane.ts';
import {whileLossy} from '../lossy.ts';
import type {Trial} from '../trials.ts';

const boots = (name: string, change: object, text: RegExp): Trial<Lane> => ({
  name: `at boot: ${name}`,
  run: (t, lane) => whileLossy(lane, () => bootAnew(t, lane, change, text)),
});

const bootAnew = async (t: Test, lane: Lane, change: object, text: RegExp): Promise<void> => {
  const {instance} = lane;
  const {metadata} = instance;
  const before = lane.served();
  await instance.kill();
  Object.assign(metadata, change);
  try {
    await instance.boot();
    await told(t, lane, text);
  } finally {
    delete metadata.isDisabled;
    delete metadata.delayMs;
  }
  await lane.settled(t, before, 'in service once it answers');
};

const told = async (t: Test, {instance}: Lane, text: RegExp): Promise<void> => {
  const status = ['systemctl', 'show', '--property=StatusText', '--value', 'release-agentd'];
  let said: unknown;
  const isTold = async () => {
    const [shown, log] = await Promise.all([instance.exec(status), instance.journal('release-agentd')]);
    said = {STATUS: shown.stdout.trim(), log: log.slice(-500)};
    return text.test(shown.stdout) && text.test(log);
  };
  const what = 'STATUS= and log say why';
  const seen = await eventually(what, isTold, {timeoutMs: 60_000, everyMs: 200}).catch(() => false);
  t.ok(seen, what, seen ? {} : {found: said});
};

export const BOOTS: readonly Trial<Lane>[] = [
  boots(
    'IMDS is switched off',
    {isDisabled: true},
    /the instance metadata service refuses \/latest\/api\/token with 403/,
  ),
  boots(
    'IMDS is too slow',
    {delayMs: 3_000},
    /the instance metadata service http:\/\/169\.254\.169\.254 does not answer/,
  ),
];
