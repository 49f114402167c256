import type {Gate} from '../ports.ts';

const FULL_EVERY = 3;

/**
 * A gate for looking again and again at what serves: while all is well only every third look is `full`, the others are `light`;
 * after one that failed every look is full until one passes. (Asking systemd starts a program, which costs more CPU than all else
 * that an idle agent does.)
 */
export const sparing = ({full, light}: {readonly full: Gate; readonly light: Gate}): Gate => {
  let passed = 0;
  return {
    pass: async (limits, signal) => {
      const chosen = passed % FULL_EVERY === 0 ? full : light;
      const before = passed;
      passed = 0;
      await chosen.pass(limits, signal);
      passed = before + 1;
    },
    bake: full.bake,
  };
};
