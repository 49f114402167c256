import {basename, join} from 'node:path';
import {build} from 'esbuild';

/** Bundles a program of these benchmarks into the folder, as the package bundles the agent, and gives its path. */
export const bundled = async (program: string, folder: string): Promise<string> => {
  const outfile = join(folder, `${basename(program, '.ts')}.cjs`);
  await build({
    entryPoints: [join(import.meta.dirname, program)],
    ...{outfile, bundle: true, platform: 'node', target: 'node26', format: 'cjs', logLevel: 'error'},
  });
  return outfile;
};
