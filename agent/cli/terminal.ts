/** What a verb sees of the process: its output, its environment, and somebody to ask when there is a terminal. */
export interface Terminal {
  /** Writes one text and a line feed to stdout. */
  readonly say: (text: string) => void;
  /** Writes one text and a line feed to stderr. */
  readonly complain: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Asks a yes-or-no question; missing when nobody sits there. */
  readonly confirm?: (question: string) => Promise<boolean>;
  /** stdout, where it is a terminal that can be drawn on */
  readonly screen?: Screen;
  /** From now on Ctrl-C, and being told to end, abort this instead of ending the process at once; the second time it ends. */
  readonly interruption?: () => AbortSignal;
}

export interface Screen {
  readonly write: (text: string) => void;
  /** as large as it is now */
  readonly size: () => {readonly columns: number; readonly rows: number};
}

/** Exit codes, the same for every verb. */
export const EXIT = {
  ok: 0,
  refused: 1,
  usage: 2,
  noAnswer: 3,
  unsettled: 4,
  failed: 5,
  late: 124,
  interrupted: 130,
} as const;

export const EXIT_TEXT = `
Exit codes:
  0  done, or all is well
  1  refused or failed; the reason is on stderr
  2  wrong usage
  3  the agent does not answer; with verbs for the fleet, the store
  4  status, fleet: the host, or the fleet, is not where it should be
  5  watch --until steady: the rollout was halted, denied or taken back
  124  watch: the time was over before
  130  watch: it was interrupted`;
