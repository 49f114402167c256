/** Configurations as files below a folder that stands for the root of a machine. */
import {mkdir, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import type {Test} from 'tap';
import {readFragments} from '../../agent/config/fragments/fragments.ts';
import type {Tags} from '../../agent/config/fragments/tags.ts';
import {readSettings} from '../../agent/config/load.ts';
import {problemText} from '../../agent/config/options/problem.ts';
import {temporaryFolder} from '../support/temporary.ts';

/** Where the main file is, from the root. */
export const ETC = 'etc/release-agent/config.toml';

/** A whole configuration that is as small as it can be. */
export const SMALL = `
app = "web"
channel = "dev"
[install.git]
url = "file:///srv/app.git"
[activate]
units = ["web.service"]
[gate]
tcp = "127.0.0.1:8080"
`;

/** Lays the files out; gives the root. */
export const root = async (test: Test, files: Readonly<Record<string, string>>): Promise<string> => {
  const folder = await temporaryFolder(test);
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), {recursive: true});
    await writeFile(join(folder, path), text);
  }
  return folder;
};

/** What is wrong with these files, as people see it, without the root in it. */
export const problemsOf = async (test: Test, files: Readonly<Record<string, string>>, tags: Tags = {}) => {
  const folder = await root(test, files);
  const reading = readSettings({fragments: await readFragments(folder), tags});
  return reading.ok ? [] : reading.problems.map(problem => problemText(problem).replaceAll(folder, ''));
};
