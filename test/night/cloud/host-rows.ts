/** What goes wrong on the host itself, and on its way to the git remote. */
import {chmod, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Behaviour} from '../../store/consul-proxy.ts';
import type {Lane} from '../bad-input/lane.ts';
import type {Row} from '../bad-input/row.ts';
import {askForSnapshot} from './rows.ts';

const HANGING = `#!/bin/sh
case "$*" in */slots/*) while [ -e /run/mounts-hang ]; do sleep 0.2; done;; esac
exec /usr/bin/mount.real "$@"
`;

/** mount(8) of this instance waits, as it does on a volume that answers no read, until `/run/mounts-hang` is gone. */
const hangMounts = async ({instance}: Lane): Promise<void> => {
  await instance.exec(['touch', '/run/mounts-hang']);
  const program = join(instance.root, 'usr/bin/mount');
  await rename(program, `${program}.real`);
  await writeFile(program, HANGING);
  await chmod(program, 0o755);
};

const letMountsGo = ({instance}: Lane) => instance.exec(['rm', '-f', '/run/mounts-hang']);

const mountHangs: Row = {
  name: 'a mount hangs',
  trigger: async lane => {
    await hangMounts(lane);
    return askForSnapshot(lane);
  },
  reason: {kind: 'mount.slow', text: 'is not mounted on '},
  mend: async lane => void (await letMountsGo(lane)),
  afterwards: 'itself',
  cleanup: async lane => {
    await letMountsGo(lane);
    const program = join(lane.instance.root, 'usr/bin/mount');
    await rename(`${program}.real`, program);
  },
};

/** What stands between each lane and the git remote. */
export const remotes = new Map<Lane, (behaviour: Behaviour) => void>();

const gitRow = (name: string, behaviour: Behaviour, reason: Row['reason']): Row => {
  const pass = async (lane: Lane) => remotes.get(lane)?.({do: 'pass'});
  return {
    name: `the git remote ${name}`,
    trigger: async lane => {
      remotes.get(lane)?.(behaviour);
      const next = await lane.make('git');
      await lane.put('desired', next.id);
      return next;
    },
    reason,
    mend: pass,
    afterwards: 'itself',
    cleanup: pass,
  };
};

export const HOST_ROWS: readonly Row[] = [
  mountHangs,
  gitRow(
    'stalls in the middle of a transfer',
    {do: 'stall'},
    {
      kind: 'git.stalled',
      text: 'the transfer from http://127.0.0.1:8701/app.git stalled and was stopped after ',
    },
  ),
  gitRow(
    'dies in the middle of a transfer',
    {do: 'cut'},
    {
      kind: 'git.unreachable',
      text: 'http://127.0.0.1:8701/app.git does not answer: ',
    },
  ),
  gitRow(
    'hangs',
    {do: 'hang'},
    {
      kind: 'git.stalled',
      text: 'the transfer from http://127.0.0.1:8701/app.git stalled and was stopped after ',
    },
  ),
];
