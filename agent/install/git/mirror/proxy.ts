import {readFile} from 'node:fs/promises';
import process from 'node:process';
import type {GitSettings} from '../../../config/settings.ts';

/** What git and curl read; the agent's own may be written in capitals. */
const VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'] as const;

/**
 * How git's transfers leave the network: by `install.git.proxy`, or else as the agent's own environment says (HTTPS_PROXY, HTTP_PROXY,
 * ALL_PROXY, NO_PROXY). Of the credentials only the user's name is in it: the helper gives the password.
 */
export const proxyEnvironment = async ({
  proxy,
  proxyCredentialFile,
}: GitSettings): Promise<Record<string, string>> => {
  if (proxy === undefined) return inherited();
  const user = proxyCredentialFile === undefined ? '' : await userIn(proxyCredentialFile);
  // As text: a URL would drop port 80 of http, and curl takes 1080 then.
  const address = proxy.replace(/\/$/, '').replace('://', () => `://${user}`);
  return {http_proxy: address, https_proxy: address};
};

const userIn = async (file: string): Promise<string> => {
  const [user = ''] = (await readFile(file, 'utf8')).trim().split(':', 1);
  return `${encodeURIComponent(user)}@`;
};

const inherited = (): Record<string, string> => {
  const found = VARIABLES.flatMap(name => {
    const value = process.env[name] ?? process.env[name.toUpperCase()];
    return value === undefined || value === '' ? [] : [[name, value] as const];
  });
  return Object.fromEntries(found);
};
