/** Steps as lines that people can read and compare. */
import type {Effect} from '../../../../agent/core/host/effect.ts';
import type {State} from '../../../../agent/core/host/state.ts';
import type {Step} from '../../../../agent/core/host/step.ts';

/**
 * The phase after a step, what is another than before, and the effects; empty when nothing happened at all. Generation and phase of an
 * effect are only told where they are not those of the state.
 */
export const stepText = (before: State, [after, effects]: Step): string => {
  const moved = after.phase === before.phase ? '' : `-> ${after.phase}`;
  const changes = changesOf(before, after, new Set(['phase']));
  const first = [moved, ...changes].filter(part => part !== '').join(', ');
  return [first, ...effects.map(effect => effectText(after, effect))]
    .filter(line => line !== '')
    .join('\n    ');
};

/** The fields that another value of the same kind has otherwise. */
export const differences = (one: object, other: object): string =>
  changesOf(one, other, new Set()).join(', ') || 'the same';

// A state of another phase carries other fields; an attempt and a status never lose one.
const gone = (before: object, after: object): object =>
  'phase' in before && !('instance' in before)
    ? {}
    : Object.fromEntries(Object.keys(before).flatMap(key => (key in after ? [] : [[key, 'lost']])));

const changesOf = (before: object, after: object, without: ReadonlySet<string>): readonly string[] =>
  Object.entries({...gone(before, after), ...after}).flatMap(([key, value]) => {
    const was: unknown = (before as Record<string, unknown>)[key];
    if (without.has(key) || JSON.stringify(value) === JSON.stringify(was)) return [];
    return key === 'attempt' && was !== undefined
      ? [`attempt {${changesOf(was as object, value as object, new Set()).join(', ')}}`]
      : [`${key} ${valueText(value)}`];
  });

const effectText = ({generation, phase}: State, effect: Effect): string => {
  const usual: Record<string, unknown> = {generation, phase};
  const {type, ...rest} = effect;
  const parts = Object.entries(rest)
    .filter(([key, value]) => !(key in usual) || usual[key] !== value)
    .map(([key, value]) => `${key} ${valueText(value)}`);
  return `! ${[type, ...parts].join(', ')}`;
};

const valueText = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(valueText).join(', ')}]`;
  if (typeof value !== 'object' || value === null) return String(value).replace(/snap-(\d)\1{7}/, 'R$1');
  if (has(value, 'slot', 'generation'))
    return `#${value.generation} ${valueText(value.release)} in ${valueText(value.slot)}`;
  if (has(value, 'kind', 'snapshot')) return valueText(value.snapshot);
  if (has(value, 'kind', 'details')) return `${value.kind}${fieldsText(value.details)}`;
  return fieldsText(value);
};

/** The fields of a value, in braces. */
export const fieldsText = (value: unknown): string =>
  `{${Object.entries(value as object)
    .map(([key, each]) => `${key} ${valueText(each)}`)
    .join(', ')}}`;

const has = (value: object, ...keys: readonly string[]): value is Record<string, unknown> =>
  keys.every(key => key in value);
