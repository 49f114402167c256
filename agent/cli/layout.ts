export const WIDTH = 80;

/** Breaks a text at blanks so that no line is wider than `width`; a longer word keeps a line for itself. */
export const wrap = (text: string, width: number = WIDTH): readonly string[] => {
  const lines: string[] = [];
  for (const word of printable(text).split(' ')) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width)
      lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
};

/** Names and values in two columns; values are wrapped under themselves. Rows without a value are left out. */
export const rows = (pairs: readonly (readonly [string, string | null])[]): string => {
  const shown = pairs.filter((pair): pair is readonly [string, string] => pair[1] !== null);
  const column = Math.max(...shown.map(([name]) => name.length)) + 2;
  return shown
    .flatMap(([name, value]) =>
      wrap(value, WIDTH - column).map((line, index) => `${(index === 0 ? name : '').padEnd(column)}${line}`),
    )
    .join('\n');
};

/** Columns as wide as their widest cell; the last one is wrapped. */
export const table = (lines: readonly (readonly string[])[]): string => {
  const count = lines[0]?.length ?? 0;
  const widths = Array.from({length: count - 1}, (_, column) =>
    Math.max(...lines.map(cells => printable(cells[column] ?? '').length)),
  );
  const indent = widths.reduce((sum, width) => sum + width + 2, 0);
  return lines
    .flatMap(cells => {
      const head = widths.map((width, column) => printable(cells[column] ?? '').padEnd(width + 2)).join('');
      const tail = wrap(cells[count - 1] ?? '', Math.max(20, WIDTH - indent));
      return tail.map((line, index) => `${index === 0 ? head : ' '.repeat(indent)}${line}`.trimEnd());
    })
    .join('\n');
};

// Notes, messages and outputs of scripts come from outside: a terminal must not obey them, nor turn their order around.
const printable = (text: string): string => text.replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ');
