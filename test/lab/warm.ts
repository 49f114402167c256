/**
 * Makes ready, one after another, what many suites need: programs, root file systems, the package. Done at once when all of
 * it is there. Without it the suites would do the same, several of them at a time.
 */
import {existsSync} from 'node:fs';
import {layersFor} from './image/base.ts';
import {packageForLab} from './image/package.ts';
import {consulProgram, isRoot, motoRoot, PACKAGES, prepare} from './image/prepare.ts';

if (isRoot() && existsSync('/etc/debian_version')) {
  await prepare(Object.keys(PACKAGES));
  await consulProgram();
  await motoRoot();
  await layersFor(await packageForLab());
}
