import type {GitSettings} from '../../../config/settings.ts';
import type {Layout} from './layout.ts';
import {sshCommand} from './ssh.ts';
import {globalConfig} from './trust.ts';

/** Half a minute without a byte ends an http transfer; one that trickles ends at the deadline. */
const STALL_SECONDS = 30;

/**
 * The environment of every git process: nothing is asked, no file of the system or of a user is read (only what
 * `prepareTrust` wrote), no hook, filter,
 * monitor or helper program runs, and only the four transports are allowed (`ext::` runs commands).
 */
export const gitEnvironment = (settings: GitSettings, layout: Layout): Record<string, string> => ({
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: globalConfig(settings, layout),
  GIT_ATTR_NOSYSTEM: '1',
  GIT_TERMINAL_PROMPT: '0',
  GIT_OPTIONAL_LOCKS: '0',
  GIT_NO_REPLACE_OBJECTS: '1',
  HOME: layout.home,
  GIT_SSH_COMMAND: sshCommand(settings),
  GIT_SSH_VARIANT: 'ssh',
  ...((settings.credentialFile ?? settings.proxyCredentialFile) !== undefined && {
    GIT_ASKPASS: layout.askpass,
  }),
  ...(settings.credentialFile !== undefined && {
    RELEASE_AGENT_CREDENTIAL_FILE: settings.credentialFile,
    RELEASE_AGENT_REMOTE: settings.url,
  }),
  ...(settings.proxyCredentialFile !== undefined && {
    RELEASE_AGENT_PROXY_CREDENTIAL_FILE: settings.proxyCredentialFile,
    RELEASE_AGENT_PROXY: settings.proxy,
  }),
  ...(settings.gpgHome !== undefined && {GNUPGHOME: settings.gpgHome}),
  ...asEnvironment({...FIXED, ...signatureOptions(settings)}),
});

const FIXED: Readonly<Record<string, string>> = {
  'protocol.allow': 'never',
  'protocol.https.allow': 'always',
  'protocol.http.allow': 'always',
  'protocol.ssh.allow': 'always',
  'protocol.file.allow': 'always',
  'protocol.version': '2',
  // The credentials are meant for one host: a redirect must not carry them to another.
  'http.followRedirects': 'false',
  'http.lowSpeedLimit': '1',
  'http.lowSpeedTime': String(STALL_SECONDS),
  'credential.helper': '',
  'fetch.fsckObjects': 'true',
  'fetch.unpackLimit': '1',
  'core.hooksPath': '/dev/null',
  'core.fsmonitor': 'false',
  'core.attributesFile': '/dev/null',
  'core.symlinks': 'true',
  'core.fileMode': 'true',
  'core.autocrlf': 'false',
  'checkout.workers': '1',
  'submodule.recurse': 'false',
  'gc.auto': '0',
  'maintenance.auto': 'false',
  'gpg.x509.program': '/bin/false',
};

const signatureOptions = ({allowedSignersFile, gpgHome}: GitSettings): Record<string, string> => ({
  'gpg.program': gpgHome === undefined ? '/bin/false' : 'gpg',
  ...(allowedSignersFile === undefined
    ? {'gpg.ssh.program': '/bin/false'}
    : {'gpg.ssh.allowedSignersFile': allowedSignersFile}),
});

// The form that git reads as if each were given with `-c`, which wins over the mirror's own configuration.
const asEnvironment = (options: Readonly<Record<string, string>>): Record<string, string> => {
  const entries = Object.entries(options);
  return Object.fromEntries([
    ['GIT_CONFIG_COUNT', String(entries.length)],
    ...entries.flatMap(([key, value], index) => [
      [`GIT_CONFIG_KEY_${index}`, key],
      [`GIT_CONFIG_VALUE_${index}`, value],
    ]),
  ]);
};
