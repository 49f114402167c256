import {readFile} from 'node:fs/promises';
import {webhookAddress} from '../config/options/places.ts';
import type {WebhookSettings} from '../config/settings.ts';
import {SECRET_EXPECTED, secretProblem} from '../host/secret-file.ts';

/** The address of a webhook, from its file or the configuration. Throws an error that names the file and never what is in it. */
export const addressOf = async ({url, urlFile}: Pick<WebhookSettings, 'url' | 'urlFile'>): Promise<URL> => {
  if (urlFile === undefined) return new URL(url ?? '');
  const got = await secretProblem(urlFile);
  if (got !== null) throw new Error(`${urlFile}: expected ${SECRET_EXPECTED}, got ${got}`);
  const reading = webhookAddress.read((await readFile(urlFile, 'utf8')).trim());
  if (!reading.ok) throw new Error(`${urlFile}: expected ${webhookAddress.expected} in it`);
  return new URL(reading.value);
};

/** A text without the address or a part of it. */
export const hide = (text: string, {href, host, hostname, pathname, search}: URL): string =>
  [href, host, hostname, `${pathname}${search}`, pathname, search]
    .filter(part => part.length > 1)
    .reduce((said, part) => said.replaceAll(part, '…'), text);
