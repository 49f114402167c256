import {readFile} from 'node:fs/promises';
import {eventually} from '../../support/eventually.ts';
import type {Moment} from '../instance/hold.ts';
import type {Vm} from './vm.ts';

const UNIT = 'hold';
const SAID = '/run/hold.out';

/** Makes the machine's agent stop, in hold.pl, at the first write of its journal of which the journal then matches the pattern. */
export const holdInside = async (vm: Vm, moment: Moment, pattern: string) => {
  const program = await readFile(new URL('../instance/hold.pl', import.meta.url), 'utf8');
  await vm.must(['tee', '/run/hold.pl'], {input: program});
  const argv = ['perl', '/run/hold.pl', '/var/lib/release-agent', moment, pattern];
  const how = ['--quiet', '--collect', `--unit=${UNIT}`, `--property=StandardOutput=truncate:${SAID}`];
  await vm.must(['systemd-run', ...how, ...argv]);
  const says = async (text: string, timeoutMs: number) => {
    const ask = async () => (await vm.exec(['cat', SAID])).stdout.includes(text);
    await eventually(`hold.pl in ${vm.name} to say ${text}`, ask, {timeoutMs, everyMs: 50});
  };
  await says('watching', 30_000);
  return {
    /** Waits until the agent stands. */
    held: (timeoutMs: number): Promise<void> => says(` ${moment}`, timeoutMs),
    /** Lets it go on. */
    release: (): Promise<string> => vm.must(['systemctl', 'stop', UNIT]),
  };
};
