/** What the pages say is tested is there to be run: each file, and each test that is named after one. */
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import t from 'tap';

const ROOT = join(import.meta.dirname, '../..');
const read = (path: string): Promise<string> => readFile(join(ROOT, path), 'utf8');

const NAMED = /`(test\/[^`]+\.(?:ts|txt))`((?::? "[^"]+",?)*)/g;

for (const [page, least] of [
  ['docs/operations.md', 15],
  ['docs/architecture.md', 2],
] as const)
  t.test(page, async t => {
    const named = [...(await read(page)).matchAll(NAMED)];
    for (const [, path = '', titles = ''] of named) {
      const text = await read(path).catch(() => null);
      t.type(text, 'string', `${path} is there`);
      for (const [, title = ''] of titles.matchAll(/"([^"]+)"/g))
        t.ok(text?.includes(title), `${path}: ${title}`);
    }
    t.ok(named.length >= least, `${named.length} tests are named`);
  });

t.test('every footnote of the table on Consul names its test', async t => {
  const [, section = ''] = (await read('docs/operations.md')).split('## When Consul fails');
  const [table = '', list = ''] = section.split('Each line is a test:');
  const used = new Set([...table.matchAll(/\[([a-z])\]/g)].map(([, letter]) => letter));
  const told = [...list.matchAll(/^- \[([a-z])\] `/gm)].map(([, letter]) => letter);
  t.same([...used].toSorted(), told);
  t.ok(used.size > 10);
});
