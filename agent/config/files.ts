import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import process from 'node:process';
import {isMissing} from '../host/missing.ts';
import type {Problem} from './options/problem.ts';
import type {Settings} from './settings.ts';

type Use = 'secret' | 'file' | 'folder';

const EXPECTED: Readonly<Record<Use, string>> = {
  secret: 'a file of root or the agent with mode 0600 or 0400',
  file: 'a file that others cannot write',
  folder: 'a folder that others cannot write',
};

/** Checks that the files which the settings name are there and safe from others: type, owner and mode, below `root`. */
export const checkFiles = async (settings: Settings, root: string): Promise<readonly Problem[]> => {
  const problems = await Promise.all(
    filesOf(settings).map(async ([name, path, use]): Promise<Problem | null> => {
      if (path === undefined) return null;
      const got = await whatIsWrong(join(root, path), use);
      return got === null ? null : {name, file: null, expected: EXPECTED[use], got: `${path}: ${got}`};
    }),
  );
  return problems.filter(problem => problem !== null);
};

const filesOf = ({
  store,
  install: {git},
  traffic,
  webhooks,
}: Settings): readonly (readonly [string, string | undefined, Use])[] => {
  const consul = store.kind === 'consul' ? store : undefined;
  // what traffic has from [consul] is named there
  const agent = traffic.consul;
  return [
    ['consul.token-file', consul?.tokenFile, 'secret'],
    ['consul.ca-file', consul?.caFile, 'file'],
    ['consul.cert-file', consul?.certFile, 'file'],
    ['consul.key-file', consul?.keyFile, 'secret'],
    ['install.git.credential-file', git?.credentialFile, 'secret'],
    ['install.git.proxy-credential-file', git?.proxyCredentialFile, 'secret'],
    ['install.git.ssh-key-file', git?.sshKeyFile, 'secret'],
    ['install.git.known-hosts-file', git?.knownHostsFile, 'file'],
    ['install.git.allowed-signers-file', git?.allowedSignersFile, 'file'],
    ['install.git.gpg-home', git?.gpgHome, 'folder'],
    ['traffic.consul.token-file', other(agent?.tokenFile, consul?.tokenFile), 'secret'],
    ['traffic.consul.ca-file', other(agent?.caFile, consul?.caFile), 'file'],
    ['traffic.consul.cert-file', other(agent?.certFile, consul?.certFile), 'file'],
    ['traffic.consul.key-file', other(agent?.keyFile, consul?.keyFile), 'secret'],
    ...webhooks.flatMap(
      ({name, urlFile, caFile}) =>
        [
          [`webhooks.${name}.url-file`, urlFile, 'secret'],
          [`webhooks.${name}.ca-file`, caFile, 'file'],
        ] as const,
    ),
  ];
};

const other = (path: string | undefined, known: string | undefined) => (path === known ? undefined : path);

const whatIsWrong = async (path: string, use: Use): Promise<string | null> => {
  try {
    const found = await stat(path);
    if (use === 'folder' ? !found.isDirectory() : !found.isFile())
      return `not a ${use === 'folder' ? use : 'file'}`;
    if (found.uid !== 0 && found.uid !== process.geteuid?.()) return `owner ${found.uid}`;
    const forbidden = use === 'secret' ? 0o177 : 0o022;
    return (found.mode & forbidden) === 0 ? null : `mode 0${(found.mode & 0o777).toString(8)}`;
  } catch (error) {
    return isMissing(error) ? 'it is not there' : (error as Error).message;
  }
};
