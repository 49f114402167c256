/** What the agent's unit may have of root's rights (capabilities(7)), and why. */
export const CAPABILITIES = [
  {name: 'CAP_CHOWN', bit: 0, why: 'gives the control sockets to their groups'},
  {
    name: 'CAP_DAC_OVERRIDE',
    bit: 1,
    why: 'removes slots whose folders the release gave to another user; reads remotes and secrets that are not of root',
  },
  {name: 'CAP_FOWNER', bit: 3, why: 'removes files of other users from folders with the sticky bit'},
] as const;
