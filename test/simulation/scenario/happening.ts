/** Which host something happens to, when it happens: the nth of those in question. */
export interface Whom {
  /** `busy`: on the way to another release; `holder`: has a permit; `coordinator`: wears the hat. Any host where there is none such. */
  readonly among: 'any' | 'busy' | 'holder' | 'coordinator';
  readonly nth: number;
}

interface ToHost {
  readonly whom: Whom;
}

interface Lasting {
  readonly ms: number;
}

/** What happens at a moment (ms), by operators or by bad luck. */
export type Happening = {readonly at: number} & (
  | {
      readonly kind: 'bump';
      readonly release: string;
      readonly share?: string;
      readonly force?: readonly Whom[];
    }
  | ({readonly kind: 'freeze' | 'lock'} & Lasting)
  | {readonly kind: 'policy'; readonly policy: string}
  | {readonly kind: 'deny' | 'allow'; readonly release: string}
  | {readonly kind: 'release-permit'}
  | ({readonly kind: 'hold' | 'resume' | 'rollback' | 'retry'} & ToHost)
  | Fault
);

export type Fault =
  | ({readonly kind: 'agent-crash' | 'reboot' | 'journal-damaged'} & ToHost & Lasting)
  | ({readonly kind: 'agent-restart' | 'hang' | 'launch' | 'app-crash'} & ToHost)
  | ({readonly kind: 'terminate'; readonly replaceMs: number | null} & ToHost)
  | ({readonly kind: 'slow'; readonly factor: number} & ToHost & Lasting)
  | ({readonly kind: 'cut' | 'lossy' | 'sick' | 'disk-full' | 'traffic-broken'} & ToHost & Lasting)
  | ({readonly kind: 'store-down' | 'leaderless' | 'store-late' | 'ec2-down' | 'restore'} & Lasting)
  | ({readonly kind: 'hat-lapse'} & Lasting)
  | {readonly kind: 'ledger-touched'};
