import type {GitSettings} from '../../../config/settings.ts';

const OPTIONS = [
  'BatchMode=yes',
  'StrictHostKeyChecking=yes',
  'UpdateHostKeys=no',
  'IdentityAgent=none',
  'IdentitiesOnly=yes',
  'ForwardAgent=no',
  'ClearAllForwardings=yes',
  'PermitLocalCommand=no',
  'ControlPath=none',
  'ConnectTimeout=15',
  'ServerAliveInterval=10',
  'ServerAliveCountMax=3',
] as const;

/**
 * The value of GIT_SSH_COMMAND: ssh that reads no configuration file, asks nothing, and knows only the configured key and
 * hosts (the system's known hosts when no file is configured). git gives it to `sh`, so every argument is quoted.
 */
export const sshCommand = ({sshKeyFile, knownHostsFile}: GitSettings): string =>
  [
    'ssh',
    '-F',
    '/dev/null',
    ...OPTIONS.map(option => `-o${option}`),
    ...(sshKeyFile === undefined ? ['-oIdentityFile=none'] : [`-oIdentityFile=${fileArgument(sshKeyFile)}`]),
    ...(knownHostsFile === undefined
      ? []
      : ['-oGlobalKnownHostsFile=/dev/null', `-oUserKnownHostsFile=${fileArgument(knownHostsFile)}`]),
  ]
    .map(shellQuote)
    .join(' ');

// ssh_config(5): arguments with spaces are in double quotes, and % begins a token.
const fileArgument = (path: string): string => `"${path.replaceAll('%', '%%').replaceAll('"', '\\"')}"`;

const shellQuote = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;
