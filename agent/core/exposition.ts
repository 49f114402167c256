/** Numbers about this host as Prometheus reads them. */

export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** One metric: base units (seconds, bytes) in its name, `_total` behind a counter. Without samples it is left out. */
export interface Metric {
  readonly name: string;
  readonly type: 'gauge' | 'counter';
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** The text format 0.0.4 of Prometheus ("Exposition formats"): HELP and TYPE before the samples of each metric. */
export const exposition = (metrics: readonly Metric[]): string =>
  metrics
    .filter(({samples}) => samples.length > 0)
    .flatMap(({name, type, help, samples}) => [
      `# HELP ${name} ${escapeHelp(help)}`,
      `# TYPE ${name} ${type}`,
      ...samples.map(sample => `${name}${labelsText(sample)} ${sample.value}`),
    ])
    .map(line => `${line}\n`)
    .join('');

const labelsText = ({labels = {}}: Sample): string => {
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escapeLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
};

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');

/** A metric with one value. */
export const single = (
  name: string,
  type: Metric['type'],
  help: string,
  value: number | boolean,
): Metric => ({name, type, help, samples: [{value: Number(value)}]});

/** A gauge that is 1 for each set of labels. */
export const facts = (
  name: string,
  help: string,
  labels: readonly Readonly<Record<string, string>>[],
): Metric => ({name, type: 'gauge', help, samples: labels.map(each => ({labels: each, value: 1}))});

/** A metric with a value for each value of one label. */
export const by = <K extends string>(
  label: string,
  {name, type, help}: Omit<Metric, 'samples'>,
  values: Iterable<readonly [K, number]>,
): Metric => ({
  ...{name, type, help},
  samples: [...values].map(([key, value]) => ({labels: {[label]: key}, value})),
});
