/**
 * Prints the software bill of materials of the package, CycloneDX 1.6: every npm package that is in the bundle, and Node. The
 * same input gives the same text. Usage: sbom.ts LIST NODE ARCHITECTURE, where LIST names the bundled packages' folders and
 * NODE is the folder of the Node package. The time is that of SOURCE_DATE_EPOCH.
 */
import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import process from 'node:process';
import {pipeline} from 'node:stream/promises';
import {type Locked, npmComponent, npmPurl, resolveLocked} from './sbom-npm.ts';

const root = join(import.meta.dirname, '..');

interface Lock {
  readonly packages: Readonly<Record<string, Locked>>;
}

const bill = async (list: string, nodeFolder: string, architecture: string) => {
  const {packages} = JSON.parse(await readFile(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const folders = (await readFile(list, 'utf8')).split('\n').filter(line => line !== '');
  const self = selfComponent(packages[''], architecture);
  const node = await nodeComponent(packages, nodeFolder);
  const libraries = folders.map(folder => ({folder, component: npmComponent(folder, packages)}));
  const refs = new Map(libraries.map(({folder, component}) => [folder, component['bom-ref']]));
  const components = [node, ...libraries.map(({component}) => component)];
  const edges = (folder: string): readonly string[] =>
    resolveLocked(folder, packages).flatMap(found => refs.get(found) ?? []);
  const content = {
    metadata: {...timestamp(), component: self},
    components: [...new Map(components.map(each => [each['bom-ref'], each])).values()],
    dependencies: [
      {ref: self['bom-ref'], dependsOn: sorted([node['bom-ref'], ...edges('')])},
      {ref: node['bom-ref'], dependsOn: []},
      ...libraries.map(({folder, component}) => ({
        ref: component['bom-ref'],
        dependsOn: sorted(edges(folder)),
      })),
    ],
  };
  return {
    $schema: 'http://cyclonedx.org/schema/bom-1.6.schema.json',
    bomFormat: 'CycloneDX',
    specVersion: '1.6',
    serialNumber: serialNumber(JSON.stringify(content)),
    version: 1,
    ...content,
  };
};

const selfComponent = (self: Locked | undefined, architecture: string) => {
  const version = self?.version ?? '';
  const purl = `pkg:generic/release-agent@${version}?arch=${architecture}`;
  return {
    type: 'application',
    'bom-ref': purl,
    name: 'release-agent',
    version,
    licenses: [{license: {id: self?.license}}],
    purl,
  };
};

/** Node is the package's platform: known to scanners by its CPE, and by the digest of the very file that is shipped. */
const nodeComponent = async (packages: Lock['packages'], folder: string) => {
  const name = basename(folder);
  const version = packages[`node_modules/${name}`]?.version;
  if (version === undefined) throw new Error(`${name} is not in package-lock.json`);
  return {
    type: 'platform',
    'bom-ref': npmPurl(name, version),
    name: 'node',
    version,
    hashes: [{alg: 'SHA-256', content: await digestOf(join(folder, 'bin/node'))}],
    licenses: [{license: {id: 'MIT'}}],
    cpe: `cpe:2.3:a:nodejs:node.js:${version}:*:*:*:*:*:*:*`,
    purl: npmPurl(name, version),
  };
};

const digestOf = async (file: string): Promise<string> => {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
};

const timestamp = () => {
  const seconds = process.env.SOURCE_DATE_EPOCH;
  if (seconds === undefined) return {};
  return {timestamp: new Date(Number(seconds) * 1000).toISOString().replace('.000Z', 'Z')};
};

/** A UUID (version 8: of our own making) of the content. */
const serialNumber = (content: string): string => {
  const hex = createHash('sha256').update(content).digest('hex');
  const parts = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`];
  return `urn:uuid:${parts.join('-')}-${hex.slice(20, 32)}`;
};

const sorted = (refs: readonly string[]): readonly string[] => [...new Set(refs)].toSorted();

const [, , list, node, architecture] = process.argv;
if (list === undefined || node === undefined || architecture === undefined)
  throw new Error('expected: LIST NODE ARCHITECTURE');
process.stdout.write(`${JSON.stringify(await bill(list, node, architecture), null, 2)}\n`);
