import type {Screen} from '../../terminal.ts';

/** A text that is drawn over itself. */
export interface Drawing {
  draw(text: string): void;
  /** The cursor is back, below what was drawn last. */
  end(): void;
}

const HIDE = '\x1b[?25l';
const SHOW = '\x1b[?25h';
const CLEAR_BELOW = '\x1b[J';
const up = (lines: number): string => (lines === 0 ? '' : `\x1b[${lines}A`);

/** Draws at the cursor. What has more lines than the screen is cut: nobody can draw over what scrolled away. */
export const drawOn = (screen: Screen): Drawing => {
  let drawn = 0;
  return {
    draw: text => {
      const lines = text.split('\n').slice(0, Math.max(1, screen.size().rows - 1));
      screen.write(`${HIDE}\r${up(drawn)}${CLEAR_BELOW}${lines.join('\n')}\n`);
      drawn = lines.length;
    },
    end: () => screen.write(SHOW),
  };
};
