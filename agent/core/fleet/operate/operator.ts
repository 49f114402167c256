const SAYS = /^(?:unnamed|.+ \(\d+\)|user \d+), says (.+)$/;
const NUMBERED = /^(.+) \(\d+\)$/;

/**
 * The person in a text that says who asked. An agent writes what the kernel knows: `ada (1000)`, and for whoever came by sudo
 * `root (0), says ada`; another machine writes `ada`.
 */
export const operatorOf = (by: string): string => SAYS.exec(by)?.[1] ?? NUMBERED.exec(by)?.[1] ?? by;

/** True when both texts name one person. */
export const isSameOperator = (a: string | undefined, b: string): boolean =>
  a !== undefined && operatorOf(a) === operatorOf(b);
