import {readFile} from 'node:fs/promises';

export interface Mounted {
  readonly directory: string;
  /** `major:minor` of the file system's device */
  readonly number: string;
  readonly filesystem: string;
  /** what was mounted, usually a path below /dev */
  readonly source: string;
  readonly readOnly: boolean;
}

/**
 * What the kernel says is mounted, in mount order. Reads /proc only: asking a mounted file system itself (stat, statfs)
 * can hang for ever on a bad EBS volume.
 */
export const mountTable = async (): Promise<readonly Mounted[]> =>
  parseMountTable(await readFile('/proc/self/mountinfo', 'utf8'));

/** The topmost mount exactly at a directory (an absolute path without symlinks), null when nothing is mounted there. */
export const mountedAt = async (directory: string): Promise<Mounted | null> =>
  (await mountTable()).findLast(each => each.directory === directory) ?? null;

/** Reads the text of /proc/PID/mountinfo (proc_pid_mountinfo(5)); lines it cannot read are left out. */
export const parseMountTable = (text: string): readonly Mounted[] =>
  text.split('\n').flatMap(line => {
    const [before = '', after] = line.split(' - ');
    const [, , number, , directory, options = ''] = before.split(' ');
    const [filesystem, source] = (after ?? '').split(' ');
    if (number === undefined || directory === undefined || filesystem === undefined || source === undefined)
      return [];
    const readOnly = options.split(',').includes('ro');
    return [{directory: decode(directory), number, filesystem, source: decode(source), readOnly}];
  });

/** The kernel writes space, tab, newline and backslash as three octal digits. */
const decode = (text: string): string =>
  text.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
