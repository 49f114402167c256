import type {GitSettings} from '../../config/settings.ts';
import type {Log} from '../../ports.ts';
import type {Layout} from './mirror/layout.ts';

/** What every part of the installer works with. */
export interface Context {
  readonly settings: GitSettings;
  readonly layout: Layout;
  readonly log: Log;
}
