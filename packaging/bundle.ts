/**
 * Bundles the agent into the folder argv[2]: `release-agentd.cjs`, `ec2-worker.cjs` beside it (the process that asks EC2),
 * `agentctl/`, `third-party-notices.txt`, and `bundled-packages`, the folders of the packages that are in it. Why these forms: docs/decisions/0001-shipping-node.md.
 */
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {type BuildOptions, build, type Metafile} from 'esbuild';
import {bundledPackages, noticesOf} from './notices.ts';

const root = join(import.meta.dirname, '..');

const COMMON = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node26',
  legalComments: 'none', // the notices hold every licence in full
  metafile: true,
  logLevel: 'error',
} as const satisfies BuildOptions;

// CommonJS costs 3 MB less than ES modules in a process that stays.
const COMMONJS = {
  ...COMMON,
  format: 'cjs',
  outExtension: {'.js': '.cjs'},
  supported: {'dynamic-import': false},
  define: {
    'import.meta.dirname': '__dirname',
    'import.meta.filename': '__filename',
    'import.meta.main': 'false',
  },
} as const satisfies BuildOptions;

const REQUIRE =
  "import {createRequire as createRequireOfBundle} from 'node:module'; const require = createRequireOfBundle(import.meta.url);";

const bundle = async (outdir: string): Promise<readonly Metafile[]> => {
  const results = [
    await build({
      ...COMMONJS,
      outdir,
      entryPoints: {'release-agentd': 'packaging/entry.ts'},
      // names stay, and lines are short enough for a stack trace to tell where it was
      minifyWhitespace: true,
      lineLimit: 160,
    }),
    await build({
      ...COMMONJS,
      outdir,
      entryPoints: {'ec2-worker': 'agent/host/ec2/ec2-worker.ts'},
      minifyWhitespace: true,
      minifySyntax: true,
    }),
    await build({
      ...COMMON,
      outdir: join(outdir, 'agentctl'),
      entryPoints: {agentctl: 'agent/agentctl.ts'},
      format: 'esm',
      splitting: true,
      chunkNames: '[name]-[hash]',
      outExtension: {'.js': '.mjs'},
      banner: {js: REQUIRE},
    }),
  ];
  return results.map(({metafile}) => metafile);
};

const [, , target] = process.argv;
if (target === undefined) throw new Error('expected the folder to write to');
// Only what is left after unused code was dropped.
const inputs = (await bundle(target))
  .flatMap(({outputs}) => Object.values(outputs).flatMap(({inputs}) => Object.entries(inputs)))
  .flatMap(([path, {bytesInOutput}]) => (bytesInOutput > 0 ? [path] : []));
const packages = bundledPackages(inputs);
await writeFile(join(target, 'bundled-packages'), `${packages.join('\n')}\n`);
await writeFile(join(target, 'third-party-notices.txt'), await noticesOf(root, packages));
