import process from 'node:process';
import type {GitSettings} from '../../../config/settings.ts';
import {reason} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import {writeDurably} from '../../../host/files.ts';
import {SECRET_EXPECTED, secretProblem} from '../../../host/secret-file.ts';
import type {Layout} from './layout.ts';

/**
 * Checks owner and mode of the credential file and of the ssh key, and puts the helper that git asks for user and password in
 * its place. The helper reads the file at the moment of use: the secret is in no argument, environment, URL or log.
 * Throws `git.credentials`.
 */
export const prepareCredentials = async (
  {credentialFile, sshKeyFile, proxyCredentialFile}: GitSettings,
  {askpass}: Layout,
): Promise<void> => {
  for (const file of [credentialFile, sshKeyFile, proxyCredentialFile])
    if (file !== undefined) await requireSecret(file);
  if ((credentialFile ?? proxyCredentialFile) !== undefined)
    await writeDurably(askpass, helper(process.execPath), {mode: 0o700});
};

const requireSecret = async (file: string): Promise<void> => {
  const got = await secretProblem(file);
  if (got !== null) throw new ReasonError(reason('git.credentials', {file, expected: SECRET_EXPECTED, got}));
};

// git calls it with one argument: Username for 'https://host': / Password for 'https://user@host':
// A prompt for another host than the configured remote or proxy gets no answer.
const helper = (node: string): string => `#!${node}
const {readFileSync} = require('node:fs');
const {argv, env, exit, stdout} = process;
const prompt = argv[2] ?? '';
const asked = /'([^']+)'/.exec(prompt)?.[1];
const origin = text => (({protocol, host}) => protocol + host)(new URL(text));
const known = [
  [env.RELEASE_AGENT_REMOTE, env.RELEASE_AGENT_CREDENTIAL_FILE],
  [env.RELEASE_AGENT_PROXY, env.RELEASE_AGENT_PROXY_CREDENTIAL_FILE],
];
const [, file] = known.find(([url, path]) => asked && url && path && origin(asked) === origin(url)) ?? [];
if (!file) exit(1);
const secret = readFileSync(file, 'utf8').trim();
const colon = secret.indexOf(':');
const user = colon < 0 ? 'x-access-token' : secret.slice(0, colon);
stdout.write((prompt.startsWith('Username') ? user : secret.slice(colon + 1)) + '\\n');
`;
