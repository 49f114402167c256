import process from 'node:process';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import {writeDurably} from '../../host/files.ts';
import {SECRET_EXPECTED, secretProblem} from '../../host/secret-file.ts';
import type {Layout} from './layout.ts';

/**
 * Checks the credential file's owner and mode, and puts the helper that git asks for user and password in its place.
 * The helper reads the file at the moment of use: the secret is in no argument, environment, URL or log.
 * Throws `git.credentials`.
 */
export const prepareCredentials = async (file: string, {askpass}: Layout): Promise<void> => {
  const got = await secretProblem(file);
  if (got !== null) throw new ReasonError(reason('git.credentials', {file, expected: SECRET_EXPECTED, got}));
  await writeDurably(askpass, helper(process.execPath), {mode: 0o700});
};

// git calls it with one argument: Username for 'https://host': / Password for 'https://user@host':
// A prompt for another host than the configured one gets no answer.
const helper = (node: string): string => `#!${node}
const {readFileSync} = require('node:fs');
const {argv, env, exit, stdout} = process;
const prompt = argv[2] ?? '';
const asked = /'([^']+)'/.exec(prompt)?.[1];
const origin = text => (({protocol, host}) => protocol + host)(new URL(text));
if (!asked || origin(asked) !== origin(env.RELEASE_AGENT_REMOTE)) exit(1);
const secret = readFileSync(env.RELEASE_AGENT_CREDENTIAL_FILE, 'utf8').trim();
const colon = secret.indexOf(':');
const user = colon < 0 ? 'x-access-token' : secret.slice(0, colon);
stdout.write((prompt.startsWith('Username') ? user : secret.slice(colon + 1)) + '\\n');
`;
