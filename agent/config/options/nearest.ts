/** The known name that a mistyped one most likely means, undefined when none is near. */
export const nearest = (typed: string, known: readonly string[]): string | undefined => {
  const text = kebab(typed);
  const limit = Math.max(1, Math.floor(text.length / 4));
  const scored = known.map(name => ({name, distance: distanceOf(text, name, limit)}));
  const best = scored.reduce<(typeof scored)[number] | undefined>(
    (a, b) => (a && a.distance <= b.distance ? a : b),
    undefined,
  );
  return best && best.distance <= limit ? best.name : undefined;
};

const kebab = (text: string): string =>
  text
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .replaceAll('_', '-')
    .toLowerCase();

// A name in the wrong table, or without one, is as near as one wrong letter when its last part is right.
const distanceOf = (typed: string, name: string, limit: number): number => {
  const last = (path: string) => path.slice(path.lastIndexOf('.') + 1);
  if (last(typed) === last(name) && typed !== name) return 1;
  // as many edits are needed at least; long names in a long file must not hold the agent's start up
  return Math.abs(typed.length - name.length) > limit ? Infinity : edits(typed, name);
};

/** Insertions, deletions and replacements between two texts. */
const edits = (a: string, b: string): number => {
  let row = Array.from({length: b.length + 1}, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
};
