import {EVENT_KINDS} from '../../core/fleet/telling/event.ts';
import {compact} from '../compact.ts';
import type {WebhookValues} from '../fragments/values.ts';
import type {Problem} from '../options/problem.ts';
import type {WebhookSettings} from '../settings.ts';
import type {Whole} from './rule.ts';

const LIMIT = 10;

/** What is wrong with the webhooks, each for itself and together. */
export const checkWebhooks = ({webhooks, values}: Whole): readonly Problem[] => {
  const problems = [...webhooks].flatMap(([name, webhook]) => problemsOf(`webhooks.${name}`, webhook));
  if (webhooks.size > LIMIT)
    problems.push(wrong('webhooks', `at most ${LIMIT} webhooks`, String(webhooks.size)));
  if (webhooks.size > 0 && values.coordinate === 'none')
    problems.push(wrong('webhooks', 'coordinate = "fleet" with them: they tell of the fleet', '"none"'));
  return problems;
};

const problemsOf = (name: string, {url, 'url-file': file, 'ca-file': ca}: WebhookValues): Problem[] => {
  const told = [url, file].filter(each => each !== undefined).length;
  if (told !== 1)
    return [
      wrong(`${name}.url-file`, 'the file that holds the address, or url', told === 0 ? 'nothing' : 'both'),
    ];
  return ca !== undefined && url?.startsWith('http:')
    ? [wrong(`${name}.ca-file`, 'an https:// address with it', 'an http:// one')]
    : [];
};

const wrong = (name: string, expected: string, got: string): Problem => ({name, file: null, expected, got});

/** The webhooks of a configuration that broke no rule, in the order of their names. */
export const webhooksOf = ({webhooks}: Whole): readonly WebhookSettings[] =>
  [...webhooks]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, {url, 'url-file': urlFile, 'ca-file': caFile, format = 'json', events = EVENT_KINDS}]) => ({
      name,
      ...compact({url, urlFile, caFile}),
      format,
      events,
    }));
