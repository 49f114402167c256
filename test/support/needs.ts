import {existsSync} from 'node:fs';
import process from 'node:process';

/** What a suite needs of the machine. Each gives the reason to skip, or false when the need is met. */
const NEEDS = {
  root: () => process.getuid?.() !== 0 && 'needs root',
  debian: () => !existsSync('/etc/debian_version') && 'needs Debian (mmdebstrap, apt)',
  loop: () => !existsSync('/dev/loop-control') && 'needs loop devices',
} as const;

/**
 * For tap's `skip` option: the first unmet need as a text, or false. In CI an unmet need is an error: there nothing is skipped.
 */
export const unmet = (...needs: readonly (keyof typeof NEEDS)[]): string | false => {
  const missing = needs.map(need => NEEDS[need]()).find(text => text !== false);
  if (missing && process.env.CI) throw new Error(`in CI nothing is skipped, but this suite ${missing}`);
  return missing ?? false;
};
