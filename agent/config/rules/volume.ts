/** What EC2 refuses of volumes, known before it is asked (CreateVolume of the EC2 API reference). */
import type {OptionName, Values} from '../options/options.ts';
import type {Rule} from './rule.ts';

/** By type: the numbers of operations a second that may be asked for. */
const IOPS: Readonly<Record<string, readonly [min: number, max: number]>> = {
  gp3: [3_000, 80_000],
  io1: [100, 64_000],
  io2: [100, 256_000],
};
/** Of gp3 where none is asked for. */
const GP3_IOPS = 3_000;
/** MiB/s of gp3 for each operation a second. */
const RATIO = 0.25;
const SLOW_LEAST_GIB = 125;

const onlyForTypes = (
  name: 'install.ebs.iops' | 'install.ebs.throughput',
  types: readonly string[],
): Rule => ({
  names: [name, 'install.ebs.volume-type'],
  broken: ({values}) =>
    values[name] !== undefined && !types.includes(values['install.ebs.volume-type'])
      ? {expected: `a volume-type of ${types.join(' or ')} with it`}
      : null,
});

const rangeOf = (values: Values) => IOPS[values['install.ebs.volume-type']];

const ofEbs = (names: Rule['names'], broken: Rule['broken']): Rule => ({
  names,
  broken: whole => (whole.tables.has('install.ebs') ? broken(whole) : null),
});

const IOPS_NAMES = ['install.ebs.iops', 'install.ebs.volume-type'] as const satisfies readonly OptionName[];

/** How the options of a volume go together. */
export const VOLUME_RULES: readonly Rule[] = [
  onlyForTypes('install.ebs.iops', Object.keys(IOPS)),
  onlyForTypes('install.ebs.throughput', ['gp3']),
  ofEbs(IOPS_NAMES, ({values}) =>
    values['install.ebs.iops'] === undefined && ['io1', 'io2'].includes(values['install.ebs.volume-type'])
      ? {expected: `a number, which a volume-type of ${values['install.ebs.volume-type']} needs`}
      : null,
  ),
  ofEbs(IOPS_NAMES, ({values}) => {
    const {'install.ebs.iops': iops, 'install.ebs.volume-type': type} = values;
    const range = rangeOf(values);
    if (iops === undefined || !range || (iops >= range[0] && iops <= range[1])) return null;
    return {expected: `from ${range[0]} to ${range[1]} for a volume-type of ${type}`};
  }),
  ofEbs(['install.ebs.throughput', ...IOPS_NAMES], ({values}) => {
    const {'install.ebs.iops': iops = GP3_IOPS, 'install.ebs.throughput': throughput = 0} = values;
    if (values['install.ebs.volume-type'] !== 'gp3' || throughput <= iops * RATIO) return null;
    return {expected: `at most ${iops * RATIO} with ${iops} iops: or iops = ${throughput / RATIO}`};
  }),
  ofEbs(['install.ebs.max-size', 'install.ebs.volume-type'], ({values}) => {
    const {'install.ebs.volume-type': type, 'install.ebs.max-size': size} = values;
    if (!['st1', 'sc1'].includes(type) || size >= SLOW_LEAST_GIB) return null;
    return {expected: `at least "${SLOW_LEAST_GIB}GiB", the smallest volume of the type ${type}`};
  }),
  ofEbs(['install.ebs.encrypted', 'install.ebs.kms-key'], ({values}) =>
    values['install.ebs.kms-key'] !== undefined && !values['install.ebs.encrypted']
      ? {expected: 'true, because install.ebs.kms-key is set'}
      : null,
  ),
  ofEbs(['install.ebs.owners', 'imds'], ({values}) =>
    values.imds === null && values['install.ebs.owners'].length === 0
      ? {
          expected:
            'the accounts whose snapshots are allowed: with imds = "off" nobody knows this instance\'s own',
        }
      : null,
  ),
];
