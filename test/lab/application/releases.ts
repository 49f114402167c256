import {chmod, mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';

/** How a release of the lab's application behaves (app.py reads it from release.json). */
export type ReleaseOptions = {
  /** what /version answers */
  readonly name: string;
  /** /healthz answers 500, from the start or after some seconds */
  readonly sick?: boolean;
  readonly sickAfterS?: number;
  /** /healthz answers 500 after so many other answers, where the file `sickWhere` is when one is named */
  readonly sickAfterAnswers?: number;
  readonly sickWhere?: string;
  /** ends with an error at once */
  readonly crash?: boolean;
  /** ends with an error some seconds after it began to answer */
  readonly crashAfterS?: number;
  /** ends without an error at once */
  readonly endsAtOnce?: boolean;
  /** /healthz never answers */
  readonly hangsHealth?: boolean;
  /** goes on when it is asked to end */
  readonly ignoresTerm?: boolean;
  /** four processes answer on its port */
  readonly forks?: boolean;
  /** leaves a process behind that has the port open, where the unit lets it (KillMode=process) */
  readonly leavesPort?: boolean;
  /** listens only after this long */
  readonly startDelayS?: number;
  /** deploy/start takes this long */
  readonly scriptS?: number;
  /** deploy/start ends with this */
  readonly scriptStatus?: number;
};

/** The bytes of a release's release.json. */
export const releaseJson = (release: ReleaseOptions): string => `${JSON.stringify(release, null, 2)}\n`;

/** Writes a release of the lab's application into a folder. */
export const writeRelease = async (folder: string, release: ReleaseOptions): Promise<void> => {
  await mkdir(join(folder, 'deploy'), {recursive: true});
  await writeFile(join(folder, 'app.py'), await readFile(new URL('app.py', import.meta.url)));
  await writeFile(join(folder, 'release.json'), releaseJson(release));
  const script = join(folder, 'deploy/start');
  await writeFile(script, startScript(release));
  await chmod(script, 0o755);
};

const startScript = ({scriptS = 0, scriptStatus = 0}: ReleaseOptions): string => `#!/bin/sh
echo "start script of $(cat release.json | tr -d '\\n ')"
sleep ${scriptS}
exit ${scriptStatus}
`;
