#!/usr/bin/env node
/** release-agentd: reads its settings, finds out who it is, and runs until it is told to stop. Started as a program, or by the bundle's entry. */
import process from 'node:process';
import {TAG_KEYS, type Tags} from './config/fragments/tags.ts';
import {loadSettings} from './config/load.ts';
import {type Reason, reasonText} from './core/reason.ts';
import {reasonOf} from './core/reason-error.ts';
import {whoAmI} from './host/imds/identity.ts';
import {createImds, type Imds} from './host/imds/imds.ts';
import {readTags} from './host/imds/tags.ts';
import {createLog} from './host/log.ts';
import {nameProcess} from './host/process/name.ts';
import {createNotify} from './host/systemd/notify.ts';
import type {Log} from './ports.ts';
import {runDaemon} from './runtime/daemon.ts';
import {endsApplication} from './runtime/shutdown/end-application.ts';
import {VERSION} from './version.ts';

/** How long an agent that was asked to stop a second time may take. */
const AGAIN_MS = 2_000;

interface Started {
  readonly log: Log;
  /** to stop, and to stop at once */
  readonly stop: AbortSignal;
  readonly again: AbortSignal;
}

const askTags = async (imds: Imds, {log, stop}: Started): Promise<Tags> => {
  const tags = await readTags(imds, TAG_KEYS, stop);
  if (tags === null) log.info('the instance shows no tags to its metadata service: the files say what it is');
  return tags;
};

const main = async (started: Started): Promise<void> => {
  const {stop: asked, again} = started;
  const root = process.env.RELEASE_AGENT_ROOT;
  const known = new Map<string, Imds>();
  const imdsAt = (base: string): Imds => {
    const imds = known.get(base) ?? createImds({base});
    known.set(base, imds);
    return imds;
  };
  const tags = (base: string): Promise<Tags> => askTags(imdsAt(base), started);
  const settings = await loadSettings({...(root !== undefined && {root}), tags}, asked);
  const log = createLog({level: settings.logLevel});
  const imds = settings.imds === null ? null : imdsAt(settings.imds);
  const identity = await whoAmI({imds, runDir: settings.runDir, configured: settings.identity}, asked);
  started.log.info(`release-agentd ${VERSION} starts`, {
    instance: identity.instance,
    app: settings.app,
    channel: settings.channel,
  });
  await runDaemon({settings, identity, version: VERSION, log}, {asked, again});
  const outlived = endsApplication(settings.activate) ? '' : '; what runs goes on running';
  log.info(`release-agentd stops${outlived}`);
};

/**
 * A wrong configuration does not heal by itself: whoever mends it can wait a little, the log need not be filled. What does not
 * answer (IMDS, a disk) may do so soon.
 */
const pauseMs = ({kind}: Reason): number => (kind === 'config.invalid' ? 15_000 : 5_000);

/** Runs the agent as this process, which ends with it. */
export const runAgent = (): void => {
  nameProcess('release-agentd');
  const stop = new AbortController();
  const again = new AbortController();
  // The daemon takes what leads to the service manager out of the environment.
  const environment = {...process.env};
  for (const name of ['SIGTERM', 'SIGINT'] as const)
    process.on(name, () => (stop.signal.aborted ? again : stop).abort());
  again.signal.addEventListener('abort', () => setTimeout(() => process.exit(1), AGAIN_MS).unref());
  const log = createLog({level: 'info'});
  main({log, stop: stop.signal, again: again.signal}).then(
    () => process.exit(0),
    (error: unknown) => {
      if (stop.signal.aborted) process.exit(0);
      const why = reasonOf(error);
      log.error(reasonText(why));
      // It stands there until the next start, and for the pause at least.
      createNotify({alive: () => true, log, environment}).status(reasonText(why));
      setTimeout(() => process.exit(1), pauseMs(why));
      stop.signal.addEventListener('abort', () => process.exit(0));
    },
  );
};

if (import.meta.main) runAgent();
