/** `scripts/demo`: the life of a small fleet in about a minute, or a fleet to play with. */
import process from 'node:process';
import {parseArgs} from 'node:util';
import {runDemo} from './demo-fleet/demo.ts';

const USAGE = `scripts/demo [--keep]

Six hosts, as processes of this machine, follow one desired release: a key in a directory. Their agents
install it from a git repository made on the spot and take turns behind a small load balancer, under a
steady stream of requests. Release 1 boots. Release 2 replaces it in waves: the canary, half of the fleet,
all. Release 3 passes its health gate and fails in traffic, and the fleet takes itself back. Needs Linux, Node and git; no root, no AWS, no Consul. Listens on 127.0.0.1
only, and keeps everything in a temporary folder that it removes.

  --keep   leave the fleet running afterwards, and say how to play with it; Ctrl-C ends it
  --help   this text

The last line is "demo: 6 hosts, <n> releases rolled, <n> rolled back, <n> requests, <n> failed".
Exit status: 0 everything went as it should and no request failed, 1 something did not, 2 wrong usage,
130 interrupted.
`;

const main = async (): Promise<number> => {
  let options: {readonly keep: boolean; readonly help: boolean};
  try {
    options = parseArgs({
      options: {keep: {type: 'boolean', default: false}, help: {type: 'boolean', short: 'h', default: false}},
    }).values;
  } catch (error) {
    process.stderr.write(`demo: ${(error as Error).message}\n\n${USAGE}`);
    return 2;
  }
  if (options.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  return runDemo({keep: options.keep});
};

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`demo: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
