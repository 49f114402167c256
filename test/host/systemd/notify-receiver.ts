import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import type {Test} from 'tap';
import {eventually} from '../../support/eventually.ts';
import {temporaryFolder} from '../../support/temporary.ts';

type Message = {readonly pid: number; readonly variables: Readonly<Record<string, string>>};

/** A service manager's end of the line: a real datagram socket with the kernel's credentials. */
export const startReceiver = async (t: Test) => {
  const socket = join(await temporaryFolder(t), 'notify');
  const child = spawn('python3', [join(import.meta.dirname, 'notify-receiver.py'), socket], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.teardown(() => child.kill());
  const messages: Message[] = [];
  let listening = false;
  createInterface(child.stdout).on('line', line => {
    if (listening) messages.push(JSON.parse(line) as Message);
    listening = true;
  });
  await eventually('the receiver listens', () => listening);
  const told = (name: string) => messages.filter(({variables}) => name in variables);
  return {socket, messages, told, value: (name: string) => told(name).at(-1)?.variables[name]};
};
