/**
 * Entry of the bundled daemon. With `--warm-up` everything is loaded and nothing runs: the package does that when it is
 * installed, to fill Node's compile cache (NODE_COMPILE_CACHE) for every start after.
 */
import process from 'node:process';

const loadOnly = (): Promise<unknown> =>
  Promise.all([import('../agent/runtime/daemon.ts'), import('../agent/host/ec2-sdk.ts')]);

void (process.argv[2] === '--warm-up' ? loadOnly() : import('../agent/main.ts'));
