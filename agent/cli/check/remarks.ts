import type {Settings} from '../../config/settings.ts';
import type {Part} from './part.ts';

/** What is worth knowing of a configuration that is right. */
export const remarksPart: Part = {
  name: 'what it says together',
  examine: async ({settings}) => ({problems: [], notes: remarksOn(settings)}),
};

const remarksOn = (settings: Settings): readonly string[] => [
  ...onSignatures(settings),
  ...onDrain(settings),
];

const onSignatures = ({install: {git}}: Settings): readonly string[] =>
  git === undefined || git.allowedSignersFile !== undefined || git.gpgHome !== undefined
    ? []
    : [
        `no signatures required: whatever is in ${git.refs.join(' or ')} of ${git.url} can be released; install.git.allowed-signers-file would require them`,
      ];

const onDrain = ({traffic: {drain}}: Settings): readonly string[] => {
  const {protocol, ports, restMs, counter, timeoutMs} = drain;
  if (protocol !== 'opaque' || ports.length === 0 || restMs !== undefined || counter !== undefined) return [];
  return [
    `every drain of a host with traffic takes its whole timeout (${timeoutMs / 1_000} s): with traffic.drain.protocol "opaque", rest or counter would end it sooner; for HTTP/1.1 in clear write "http1"`,
  ];
};
