/** `scripts/lab`: a region to play with. Its parts are in README.md. */
import {parseArgs} from 'node:util';
import {ask} from './cli/control.ts';
import {down} from './cli/down.ts';
import {status} from './cli/status.ts';
import {supervise} from './cli/supervise.ts';
import {up} from './cli/up.ts';

const USAGE = `scripts/lab up [--name NAME] [--instances N] [--deb FILE]   start a region and leave it running
scripts/lab status [--name NAME]                             what runs in it
scripts/lab exec N COMMAND...                                run something on instance N
scripts/lab kill N | boot N | partition N | heal N           power cut, power, cable out, cable in
scripts/lab add                                              one more instance, as an Auto Scaling group would
scripts/lab load [RPS [SECONDS]]                             requests through HAProxy, failures counted
scripts/lab fault '{"action": "CreateVolume", "kind": "throttle", "times": 5}'   test/lab/ec2/faults.ts lists the kinds
scripts/lab down [--name NAME | --all]                       end it, or clean up after a crash
`;

const {values, positionals} = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  strict: false,
  options: {
    name: {type: 'string', default: 'lab'},
    instances: {type: 'string', default: '3'},
    deb: {type: 'string'},
    all: {type: 'boolean', default: false},
  },
});

const main = async (): Promise<number> => {
  const [verb = '', ...rest] = positionals;
  const name = String(values.name);
  const options = {
    name,
    instances: Number(values.instances),
    ...(values.deb ? {deb: String(values.deb)} : {}),
  };
  if (verb === 'up') return up(options);
  if (verb === 'supervise') return supervise(options);
  if (verb === 'status') return status(name);
  if (verb === 'down') return down({name, all: values.all === true});
  if (['exec', 'kill', 'boot', 'partition', 'heal', 'add', 'load', 'fault'].includes(verb)) {
    return ask({
      name,
      verb,
      args: verb === 'exec' ? process.argv.slice(process.argv.indexOf('exec') + 1) : rest,
    });
  }
  process.stderr.write(USAGE);
  return 2;
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
