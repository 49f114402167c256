/** Chance that repeats: the same name gives the same numbers. */
export interface Random {
  /** in [0, 1) */
  readonly next: () => number;
  between(least: number, most: number): number;
  /** a whole number, both ends included */
  whole(least: number, most: number): number;
  pick<T>(items: readonly T[]): T;
  chance(probability: number): boolean;
  /** a stream of its own: what is drawn from it changes nothing here */
  part(name: string): Random;
}

/** Makes the stream of a name. */
export const createRandom = (name: string): Random => {
  let state = hashOf(name);
  // mulberry32
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const between = (least: number, most: number): number => least + (most - least) * next();
  return {
    next,
    between,
    whole: (least, most) => Math.floor(between(least, most + 1)),
    pick: items => {
      const item = items[Math.floor(next() * items.length)];
      if (item === undefined) throw new Error('there is nothing to pick from');
      return item;
    },
    chance: probability => next() < probability,
    part: part => createRandom(`${name}/${part}`),
  };
};

/** FNV-1a, mixed: 32 bits of a text. */
export const hashOf = (text: string): number => {
  let hash = 0x811c9dc5;
  for (let n = 0; n < text.length; n += 1) hash = Math.imul(hash ^ text.charCodeAt(n), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
};
