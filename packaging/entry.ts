/**
 * Entry of the bundled daemon. With `--warm-up` everything is loaded and nothing runs: the package does that when it is
 * installed, to fill Node's compile cache (NODE_COMPILE_CACHE) for every start after. Nothing here is imported later than the rest: a
 * bundler wraps each module that is, and leaves out nothing of it, which costs a third of the start.
 */
import {createRequire} from 'node:module';
import process from 'node:process';
import {runAgent} from '../agent/main.ts';

if (process.argv[2] === '--warm-up')
  createRequire(import.meta.filename)('./ec2-worker.cjs'); // without a channel it does nothing
else runAgent();
