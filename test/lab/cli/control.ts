import {createServer, request, type Server} from 'node:http';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import type {Fault} from '../ec2/faults.ts';
import type {Region} from '../region.ts';
import {runDirOf} from '../resources.ts';

type Command = {readonly verb: string; readonly args: readonly string[]};
type Answer = {readonly code: number; readonly output: string};

const socketOf = (name: string): string => join(runDirOf(name), 'control.sock');

/** Asks the process that holds region `name` to do one thing, prints what it says, and gives its exit code. */
export const ask = async ({name, ...command}: Command & {name: string}): Promise<number> => {
  const body = await new Promise<string>((resolve, reject) => {
    const call = request({socketPath: socketOf(name), method: 'POST', path: '/'}, response =>
      resolve(text(response)),
    );
    call.on('error', cause => reject(new Error(`no region ${name} is running (scripts/lab up)`, {cause})));
    call.end(JSON.stringify(command));
  });
  const {code, output} = JSON.parse(body) as Answer;
  process.stdout.write(output.endsWith('\n') || output === '' ? output : `${output}\n`);
  return code;
};

/** Lets other processes of root command the region over a unix socket. */
export const serveControl = (region: Region): Server =>
  createServer((message, response) => {
    void text(message)
      .then(body => perform(region, JSON.parse(body) as Command))
      .catch(error => ({code: 1, output: String(error)}))
      .then(answer => response.end(JSON.stringify(answer)));
  }).listen(socketOf(region.name));

const perform = async (region: Region, {verb, args}: Command): Promise<Answer> => {
  const [first = '', ...rest] = args;
  if (verb === 'load') return load(region, args);
  if (verb === 'fault') return fault(region, first);
  if (verb === 'add') {
    const added = await region.addInstance();
    await added.boot();
    return {code: 0, output: `instance ${added.index} (${added.id}, ${added.ip}, ${added.zone}) boots`};
  }
  const instance = region.instances.find(({index}) => String(index) === first);
  if (instance === undefined) return {code: 2, output: `expected an instance's number, got \`${first}\``};
  if (verb === 'exec') {
    const {code, stdout, stderr} = await instance.exec(rest);
    return {code, output: stdout + stderr};
  }
  const actions = {
    kill: instance.kill,
    boot: instance.boot,
    partition: instance.partition,
    heal: instance.heal,
  };
  await actions[verb as keyof typeof actions]();
  return {code: 0, output: `${verb} of instance ${first}: done`};
};

const load = async (region: Region, [rps = '100', seconds = '10']: readonly string[]): Promise<Answer> => {
  const {samples, failures, ...figures} = await region.load({rps: Number(rps), seconds: Number(seconds)});
  const output = JSON.stringify({...figures, failures: failures.slice(0, 5)}, null, 2);
  return {code: samples.length > 0 && failures.length === 0 ? 0 : 1, output};
};

const fault = (region: Region, description: string): Answer => {
  if (description === 'clear') region.ec2.faults.clear();
  else if (description !== '') region.ec2.faults.add(JSON.parse(description) as Fault);
  return {code: 0, output: `in force: ${JSON.stringify(region.ec2.faults.list())}`};
};
