import type {Settings} from '../config/settings.ts';
import {releaseId} from '../core/release.ts';
import {PATH} from '../host/process/process.ts';
import type {ActivationRequest} from '../ports.ts';

/** What an activator needs of the configuration. */
export type ActivatorSettings = Pick<
  Settings,
  'app' | 'channel' | 'role' | 'stateDir' | 'runDir' | 'activate'
>;

/**
 * The whole environment of the release's script and process: nothing of the agent's own but a PATH, then
 * `activate.environment`, then RELEASE_AGENT_* which say what is being activated (no previous release: an empty text).
 */
export const activationEnvironment = (
  {app, channel, role, activate}: ActivatorSettings,
  {release, directory, previous}: ActivationRequest,
): Readonly<Record<string, string>> => ({
  PATH,
  LANG: 'C.UTF-8',
  ...activate.environment,
  RELEASE_AGENT_APP: app,
  RELEASE_AGENT_CHANNEL: channel,
  RELEASE_AGENT_ROLE: role,
  RELEASE_AGENT_RELEASE: releaseId(release),
  RELEASE_AGENT_PREVIOUS_RELEASE: previous === null ? '' : releaseId(previous.release),
  RELEASE_AGENT_DIRECTORY: directory,
});
