import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import t from 'tap';
import * as v from 'valibot';
import {must} from '../lab/run.ts';
import {temporaryFolder} from '../support/temporary.ts';

const ROOT = join(import.meta.dirname, '../..');
const NODE = `node_modules/node-linux-${process.arch}`;

/** What CycloneDX 1.6 demands of the parts that are used here (bom-1.6.schema.json). */
const Ref = v.pipe(v.string(), v.minLength(1));
const Component = v.strictObject({
  type: v.picklist(['application', 'library', 'platform']),
  'bom-ref': Ref,
  group: v.exactOptional(v.string()),
  name: v.string(),
  version: v.pipe(v.string(), v.regex(/^\d+\.\d+\.\d+/)),
  hashes: v.exactOptional(
    v.array(
      v.variant('alg', [
        v.strictObject({alg: v.literal('SHA-256'), content: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))}),
        v.strictObject({alg: v.literal('SHA-512'), content: v.pipe(v.string(), v.regex(/^[0-9a-f]{128}$/))}),
      ]),
    ),
  ),
  licenses: v.pipe(
    v.array(
      v.union([
        v.strictObject({license: v.strictObject({id: v.string()})}),
        v.strictObject({expression: v.string()}),
      ]),
    ),
    v.length(1),
  ),
  cpe: v.exactOptional(v.pipe(v.string(), v.regex(/^cpe:2\.3:a(:[^:]+){10}$/))),
  purl: v.pipe(
    v.string(),
    v.regex(/^pkg:(?:npm|generic)\/(?:%40[\w.-]+\/)?[\w.-]+@\d[\w.+-]*(?:\?arch=\w+)?$/),
  ),
});
const Bill = v.strictObject({
  $schema: v.literal('http://cyclonedx.org/schema/bom-1.6.schema.json'),
  bomFormat: v.literal('CycloneDX'),
  specVersion: v.literal('1.6'),
  serialNumber: v.pipe(
    v.string(),
    v.regex(/^urn:uuid:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/),
  ),
  version: v.literal(1),
  metadata: v.strictObject({timestamp: v.pipe(v.string(), v.isoTimestamp()), component: Component}),
  components: v.pipe(v.array(Component), v.minLength(10)),
  dependencies: v.array(v.strictObject({ref: Ref, dependsOn: v.array(Ref)})),
});

t.test('the bill of materials', async t => {
  const folder = await temporaryFolder(t);
  await must(['node', join(ROOT, 'packaging/bundle.ts'), folder], {timeoutMs: 60_000});
  const make = (epoch: string) =>
    must(
      ['node', 'packaging/sbom.ts', join(folder, 'bundled-packages'), NODE, 'amd64'].map(each =>
        each.startsWith('packaging/') || each === NODE ? join(ROOT, each) : each,
      ),
      {env: {SOURCE_DATE_EPOCH: epoch}},
    );
  const text = await make('1700000000');
  const bill = v.parse(Bill, JSON.parse(text));
  const {components, dependencies, metadata} = bill;
  const nameOf = ({group, name}: {group?: string; name: string}) => (group ? `${group}/${name}` : name);

  await t.test('is the same for the same input, and has another number for another', async t => {
    t.equal(await make('1700000000'), text);
    t.equal(metadata.timestamp, '2023-11-14T22:13:20Z');
    t.not(JSON.parse(await make('1700000001')).serialNumber, bill.serialNumber);
  });

  await t.test('names what the third-party notices name, with the same licences', async t => {
    const notices = await readFile(join(folder, 'third-party-notices.txt'), 'utf8');
    const noticed = [...notices.matchAll(/^((?:@[\w.-]+\/)?[\w.-]+ \d+\.\d+\.\d+\S* \(.+\))$/gm)].map(
      ([, line]) => line,
    );
    const billed = components
      .filter(({type}) => type === 'library')
      .map(each => {
        const [licence = {expression: ''}] = each.licenses;
        const words = 'license' in licence ? licence.license.id : licence.expression;
        return `${nameOf(each)} ${each.version} (${words})`;
      });
    t.same(billed.toSorted(), [...new Set(noticed)].toSorted());
  });

  await t.test('names every package that the bundle holds, in the version that is installed', async t => {
    const folders = (await readFile(join(folder, 'bundled-packages'), 'utf8')).trim().split('\n');
    const installed = await Promise.all(
      folders.map(async each => JSON.parse(await readFile(join(ROOT, each, 'package.json'), 'utf8'))),
    );
    t.same(
      components.filter(({type}) => type === 'library').map(each => `${nameOf(each)}@${each.version}`),
      [...new Set(installed.map(({name, version}) => `${name}@${version}`))],
    );
    const {dependencies: direct} = JSON.parse(await readFile(join(ROOT, 'package.json'), 'utf8'));
    for (const [name, version] of Object.entries(direct))
      t.ok(
        components.some(each => nameOf(each) === name && each.version === version),
        `${name} ${version}`,
      );
  });

  await t.test('has the digest of the Node that is shipped', async t => {
    const node = components.find(({name}) => name === 'node');
    const digest = createHash('sha256')
      .update(await readFile(join(ROOT, NODE, 'bin/node')))
      .digest('hex');
    t.same(node?.hashes, [{alg: 'SHA-256', content: digest}]);
    t.equal(node?.version, process.versions.node);
  });

  await t.test(
    'says what depends on what: everything is reached from the package, nothing else is named',
    async t => {
      const known = [metadata.component, ...components].map(each => each['bom-ref']);
      t.equal(new Set(known).size, known.length, 'every reference is unique');
      t.same(dependencies.map(({ref}) => ref).toSorted(), known.toSorted());
      const graph = new Map(dependencies.map(({ref, dependsOn}) => [ref, dependsOn]));
      const reached = new Set<string>();
      const walk = (ref: string): void => {
        if (reached.has(ref)) return;
        reached.add(ref);
        for (const next of graph.get(ref) ?? []) walk(next);
      };
      walk(metadata.component['bom-ref']);
      t.same([...reached].toSorted(), known.toSorted());
    },
  );
});
