/**
 * Entry of the bundled daemon. With `--warm-up` everything is loaded and nothing runs: the package does that when it is
 * installed, to fill Node's compile cache (NODE_COMPILE_CACHE) for every start after.
 */
import {createRequire} from 'node:module';
import process from 'node:process';

const loadOnly = (): Promise<unknown> => {
  createRequire(import.meta.filename)('./ec2-worker.cjs'); // without a channel it does nothing
  return import('../agent/runtime/daemon.ts');
};

void (process.argv[2] === '--warm-up' ? loadOnly() : import('../agent/main.ts'));
