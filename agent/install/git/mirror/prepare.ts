import type {GitSettings} from '../../../config/settings.ts';
import {createExclusive} from '../../../host/exclusive.ts';
import {prepareCredentials} from './credentials.ts';
import type {Layout} from './layout.ts';
import {prepareTrust} from './trust.ts';

// A deploy may ask the remote while a release is fetched: each puts the same files in their places.
const inTurn = createExclusive();

/** Puts the files in place that git needs to reach the remote. Throws `git.credentials`. */
export const prepareRemote = (settings: GitSettings, layout: Layout): Promise<void> =>
  inTurn(async () => {
    await prepareCredentials(settings, layout);
    await prepareTrust(settings, layout);
  });
