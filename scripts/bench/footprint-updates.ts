import {proven, serving} from '../../test/lab/instance/agents.ts';
import type {Instance} from '../../test/lab/instance/host.ts';
import type {Region} from '../../test/lab/region.ts';

/** What the host boots and is updated to: snapshots (0, 1, 2) and revisions (a, b). */
const ORDER = ['0', '1', '2', 'a', '0', '1', 'b', '2', '0', '1', '2'] as const;

/** Boots the instance with a release and rolls it through ten more. */
export const tenUpdates = async (region: Region, instance: Instance): Promise<void> => {
  const ids = new Map<string, string>();
  for (const name of new Set(ORDER))
    ids.set(name, await region.publish({name}, /\d/.test(name) ? 'ext4' : 'git'));
  for (const [index, name] of ORDER.entries()) {
    const id = ids.get(name) ?? '';
    await region.desire(id);
    if (index === 0) await instance.boot();
    await serving([instance], id);
    await proven(region, id);
  }
};
