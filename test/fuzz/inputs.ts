/** Inputs from outside: noise, and documents that were right but for one thing. */
import fc from 'fast-check';

/** Characters that break lines, steer terminals, turn their order around, or are none. */
const NASTY = [
  '\0',
  '\n',
  '\r\n',
  '\t',
  '\u001b[2J',
  '\u007f',
  '\u009b31m',
  '\u202e',
  '\u2028',
  '\ufeff',
  '\ud800',
  '\u{e0001}',
  '💥',
];

/** Text of any kind, short or long. */
export const text: fc.Arbitrary<string> = fc.oneof(
  fc.string({unit: 'binary', maxLength: 60}),
  fc.string({unit: 'grapheme', maxLength: 200}),
  fc
    .array(fc.oneof(fc.constantFrom(...NASTY), fc.string({maxLength: 5})), {maxLength: 20})
    .map(parts => parts.join('')),
  fc
    .tuple(fc.constantFrom('a', '[', '{"a":', '"', ' ', '\u001b', '🙂'), fc.integer({min: 1, max: 3_000}))
    .map(([part, count]) => part.repeat(count)),
);

/** Bytes, as a store or a disk gives them, read as the agent reads them. */
export const bytes: fc.Arbitrary<Buffer> = fc.uint8Array({maxLength: 200}).map(each => Buffer.from(each));

/** Numbers that are no count, no index or no time. */
const ODD_NUMBERS = [0, -1, 0.5, 5e-324, 2 ** 53, 1e308];

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  text,
  fc.constantFrom<unknown>(null, true, false, ...ODD_NUMBERS, '', [], {}),
  fc.constantFrom('__proto__', 'constructor', 'toString', 'snap-0123456789abcdef0', 'main', '20%', '30s'),
);

/** Anything JSON can say, sometimes deep. */
export const json: fc.Arbitrary<unknown> = fc.oneof(
  {weight: 3, arbitrary: leaf},
  {weight: 2, arbitrary: fc.jsonValue({maxDepth: 4})},
  {
    weight: 1,
    arbitrary: fc
      .integer({min: 1, max: 400})
      .map(depth => JSON.parse(`${'['.repeat(depth)}${']'.repeat(depth)}`) as unknown),
  },
);

type Path = readonly (string | number)[];

const pathsIn = (value: unknown, at: Path = []): Path[] =>
  typeof value === 'object' && value !== null
    ? [at, ...Object.entries(value).flatMap(([key, each]) => pathsIn(each, [...at, key]))]
    : [at];

/** A document with what stands at one path replaced by what `change` makes of it. */
const at = (value: unknown, [head, ...rest]: Path, change: (old: unknown) => unknown): unknown => {
  if (head === undefined) return change(value);
  const copy: Record<string | number, unknown> = Array.isArray(value)
    ? ([...value] as never)
    : {...(value as object)};
  const next = at(copy[head], rest, change);
  if (next === GONE) delete copy[head];
  else Object.defineProperty(copy, head, {value: next, enumerable: true, configurable: true, writable: true});
  return copy;
};

const GONE = Symbol('gone');

const withName = (old: unknown, name: string, value: unknown): unknown =>
  typeof old === 'object' && old !== null && !Array.isArray(old)
    ? Object.defineProperty({...old}, name, {value, enumerable: true, configurable: true, writable: true})
    : [old, value];

/** One of the documents, right but for one thing: another value, often an odd number, a name too many or too few. */
export const mutated = (...documents: readonly unknown[]): fc.Arbitrary<unknown> =>
  fc.constantFrom(...documents).chain(document =>
    fc.constantFrom(...pathsIn(document)).chain(path =>
      fc.oneof(
        json.map(value => at(document, path, () => value)),
        fc.constantFrom(...ODD_NUMBERS).map(value => at(document, path, () => value)),
        fc.constant(at(document, path, () => GONE)),
        fc.tuple(text, json).map(([name, value]) => at(document, path, old => withName(old, name, value))),
        fc.constant(at(document, path, old => [old, old])),
        fc.constant(document),
      ),
    ),
  );

/** A text that was right but for one thing: cut, with a piece too many, or with a character changed. */
export const damaged = (texts: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc
    .tuple(texts, fc.nat(), text, fc.constantFrom('cut', 'insert', 'replace', 'twice'))
    .map(([whole, where, piece, how]) => {
      const middle = where % (whole.length + 1);
      const [head, tail] = [whole.slice(0, middle), whole.slice(middle)];
      switch (how) {
        case 'cut':
          return head;
        case 'insert':
          return `${head}${piece}${tail}`;
        case 'replace':
          return `${head}${piece}${tail.slice(1)}`;
        default:
          return `${whole}${whole}`;
      }
    });

/** Documents of these shapes as text: changed in one thing, damaged, or no document at all. */
export const documentTexts = (...documents: readonly unknown[]): fc.Arbitrary<string> => {
  const near = mutated(...documents).map(each => JSON.stringify(each) ?? '');
  return fc.oneof(
    {weight: 5, arbitrary: near},
    {weight: 2, arbitrary: damaged(near)},
    {weight: 1, arbitrary: text},
    {weight: 1, arbitrary: bytes.map(each => each.toString('utf8'))},
  );
};
