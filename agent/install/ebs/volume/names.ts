import {readFile} from 'node:fs/promises';
import * as v from 'valibot';
import {reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import {writeDurably} from '../../../host/files.ts';
import {nameExists} from '../../../host/mount/devices.ts';

/** /dev/xvdba … /dev/xvdcz: EC2 allows /dev/xvd[b-c][a-z] (EC2 guide, "Device names on Linux"), and images use none of them. */
export const DEVICE_NAMES: readonly string[] = ['b', 'c'].flatMap(second =>
  [...'abcdefghijklmnopqrstuvwxyz'].map(third => `/dev/xvd${second}${third}`),
);

export interface DeviceNames {
  /**
   * The next name in the round, neither taken here nor among `avoid`. A round, because a volume attached under a name that
   * was just freed may stay `attaching` for ever. Throws `volume.device-names`.
   */
  next(avoid: readonly string[]): Promise<string>;
  /** Never to be tried again on this instance: EC2 says that it is in use, or a volume got stuck on it. */
  forbid(name: string): Promise<void>;
}

const MEMORY = v.object({
  instance: v.string(),
  last: v.nullable(v.string()),
  forbidden: v.array(v.string()),
});
type Memory = v.InferOutput<typeof MEMORY>;

/** Device names of one instance, remembered in a file: the round and the forbidden ones outlive the agent. */
export const createDeviceNames = ({path, instance}: {path: string; instance: string}): DeviceNames => {
  const load = async (): Promise<Memory> => {
    const text = await readFile(path, 'utf8').catch(() => '');
    const read = v.safeParse(v.pipe(v.string(), v.parseJson(), MEMORY), text);
    return read.success && read.output.instance === instance
      ? read.output
      : {instance, last: null, forbidden: []};
  };
  const save = (memory: Memory) => writeDurably(path, `${JSON.stringify(memory)}\n`);
  return {
    next: async avoid => {
      const memory = await load();
      const refused = new Set([...avoid, ...memory.forbidden]);
      for (const name of roundFrom(memory.last)) {
        if (refused.has(name) || (await nameExists(name))) continue;
        await save({...memory, last: name});
        return name;
      }
      // what was forbidden may have come free since: the next stage tries them all again
      await save({...memory, forbidden: []});
      throw new ReasonError(reason('volume.device-names', {tried: DEVICE_NAMES.length}));
    },
    forbid: async name => {
      const memory = await load();
      await save({...memory, forbidden: [...new Set([...memory.forbidden, name])]});
    },
  };
};

const roundFrom = (last: string | null): readonly string[] => {
  const start = last === null ? 0 : DEVICE_NAMES.indexOf(last) + 1;
  return [...DEVICE_NAMES.slice(start), ...DEVICE_NAMES.slice(0, start)];
};
