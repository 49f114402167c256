import {show} from './problem.ts';

/** What reading one value gives. `expected` and `hint` replace or add to what the kind says of itself. */
export type Reading<T> =
  | {readonly ok: true; readonly value: T}
  | {readonly ok: false; readonly expected?: string; readonly hint?: string; readonly got?: string};

/** A kind of value: what it expects, in words, and how a TOML value becomes one. */
export interface Kind<T> {
  readonly expected: string;
  readonly read: (value: unknown) => Reading<T>;
}

export const good = <T>(value: T): Reading<T> => ({ok: true, value});
export const bad = {ok: false} as const;

/** Text that matches a pattern. */
export const pattern = (expected: string, form: RegExp): Kind<string> => ({
  expected,
  read: value => (typeof value === 'string' && form.test(value) ? good(value) : bad),
});

/** A value that may be a secret, or one in the wrong place: what is wrong with it is said without it. */
export const unshown = <T>(kind: Kind<T>): Kind<T> => ({
  expected: kind.expected,
  read: value => {
    const reading = kind.read(value);
    return reading.ok ? reading : {ok: false, got: 'something else, which is not shown'};
  },
});

/** One of a few words. */
export const oneOf = <const W extends string>(words: readonly W[]): Kind<W> => ({
  expected: words.map(word => `"${word}"`).join(' or '),
  read: value => {
    const word = words.find(known => known === value);
    return word === undefined ? bad : good(word);
  },
});

/** A whole number within bounds. */
export const integer = ({min, max}: {readonly min: number; readonly max: number}): Kind<number> => ({
  expected: `a whole number from ${min} to ${max}`,
  read: value =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? good(value)
      : typeof value === 'string' && /^\d+$/.test(value)
        ? {ok: false, hint: `write ${value} without quotes`}
        : bad,
});

/** Yes or no. */
export const flag: Kind<boolean> = {
  expected: 'true or false',
  read: value =>
    typeof value === 'boolean'
      ? good(value)
      : value === 'true' || value === 'false'
        ? {ok: false, hint: `write ${value} without quotes`}
        : bad,
};

/** A list of values of one kind. The first wrong item is named. */
export const list = <T>(
  item: Kind<T>,
  {min, what}: {readonly min: number; readonly what: string},
): Kind<readonly T[]> => ({
  expected: what,
  read: value => {
    if (!Array.isArray(value)) return item.read(value).ok ? {ok: false, hint: `write [${show(value)}]`} : bad;
    if (value.length < min) return {ok: false, got: 'an empty list'};
    const items: T[] = [];
    for (const [index, entry] of value.entries()) {
      const reading = item.read(entry);
      if (!reading.ok)
        return {...reading, expected: `${what}; item ${index + 1} ${item.expected}`, got: show(entry)};
      items.push(reading.value);
    }
    return good(items);
  },
});

/** A table of texts, such as environment variables. The first wrong entry is named. */
export const textTable = ({
  what,
  key,
}: {
  readonly what: string;
  readonly key: RegExp;
}): Kind<Readonly<Record<string, string>>> => ({
  expected: what,
  read: value => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad;
    const wrong = Object.entries(value).find(
      ([name, text]) => !key.test(name) || typeof text !== 'string' || text.includes('\0'),
    );
    if (wrong) return {ok: false, got: `${wrong[0]} = ${show(wrong[1])}`};
    return good(value as Readonly<Record<string, string>>);
  },
});
