/** The suites that are too long for every run, and which of them this one takes. */
import {everything, within} from '../test/support/sample.ts';

const MACHINE = 'test/lab/vm/release.test.ts';

/** Seconds that a night took of one of two processors when it was last looked at; one that is not named is one minute. */
const SECONDS: Readonly<Record<string, number>> = {
  // beside suites that mostly wait
  [MACHINE]: 200,
  'test/night/bad-input-keys.test.ts': 65,
  'test/night/consul/answers.test.ts': 65,
  'test/night/consul/fleet.test.ts': 120,
  'test/night/consul/stopped.test.ts': 120,
  'test/night/crash/ebs.test.ts': 95,
  'test/night/crash/ebs-records.test.ts': 25,
  'test/night/crash/files.test.ts': 45,
  'test/night/crash/git.test.ts': 95,
  'test/night/crash/machine.test.ts': 65,
  'test/night/application.test.ts': 90,
  'test/night/lone-tls.test.ts': 25,
  'test/night/lost-journal.test.ts': 35,
  'test/night/rollouts/rollouts.test.ts': 90,
  'test/night/shutdown.test.ts': 140,
  'test/night/soak.test.ts': 155,
  'test/night/stop-process.test.ts': 20,
};
/** Of 1,700 in all, so that a run ends within 25 minutes whichever are chosen. */
const BUDGET_S = 360;

/** Too long for every run, as the rows of their tables are: the nights, and releases on the emulated processor of a virtual machine. */
const isOfNight = (file: string): boolean => file.startsWith('test/night/') || file === MACHINE;

/** Leaves out the nights but for those of this commit: others with every one, all in `npm run test:all`. */
export const tonight = (files: readonly string[]): readonly string[] => {
  if (everything()) return files;
  const comment = (text: string) => console.log(`# nights: ${text}`);
  const nights = files.filter(isOfNight);
  const chosen = new Set(within({comment}, nights, BUDGET_S, file => SECONDS[file] ?? 60));
  return files.filter(file => !isOfNight(file) || chosen.has(file));
};
