import {chmod, mkdir} from 'node:fs/promises';
import type {GitSettings} from '../../config/settings.ts';
import {createExclusive} from '../../host/exclusive.ts';
import type {Installer, Log, Slot} from '../../ports.ts';
import type {Context} from './context.ts';
import {closeKept} from './kept.ts';
import {gitLayout} from './mirror/layout.ts';
import {prepareSpare, pruneSlots} from './prune.ts';
import {stageSlot} from './stage.ts';

export interface GitInstallerOptions {
  readonly settings: GitSettings;
  /** absolute; mirror and slots are on its file system */
  readonly stateDir: string;
  readonly log: Log;
}

/** Installs git revisions: each slot is a plain folder whose content is the commit's tree. */
export const gitInstaller = ({settings, stateDir, log}: GitInstallerOptions): Installer => {
  const context: Context = {settings, layout: gitLayout({stateDir, ...settings}), log};
  const exclusive = createExclusive();
  let preparing = new AbortController();
  return {
    stage: async (slot, signal) => {
      preparing.abort();
      await exclusive(async () => {
        await makeFolders(context);
        await stageSlot(context, slot, signal);
      }, signal);
    },
    prune: async (keep, signal) => {
      const ours = keep.filter(({release}) => release.kind === 'git');
      preparing.abort();
      preparing = new AbortController();
      const {signal: urgent} = preparing;
      await exclusive(async () => {
        await makeFolders(context);
        await pruneSlots(context, ours, signal);
        await closeKept(context, ours, signal);
        await tryToPrepare(context, ours, AbortSignal.any([signal, urgent]));
        signal.throwIfAborted();
      }, signal);
    },
  };
};

const makeFolders = async ({layout}: Context): Promise<void> => {
  for (const folder of [layout.home, layout.markers, layout.staging])
    await mkdir(folder, {recursive: true, mode: 0o700});
  // everything of a repository is in there, whoever may read its slots
  await chmod(layout.home, 0o700);
};

// A spare only saves time: without one the next tree is written as a whole.
const tryToPrepare = async (context: Context, keep: readonly Slot[], signal: AbortSignal): Promise<void> => {
  try {
    await prepareSpare(context, keep, signal);
  } catch (error) {
    if (signal.aborted)
      return context.log.debug('the spare tree is left as it is: something else is more urgent');
    const cause = error instanceof Error ? error.message : String(error);
    context.log.info(`no spare tree is prepared for the next release: ${cause}`);
  }
};
