/** What does not change while the agent runs. */
export interface Self {
  readonly agent: string;
  readonly instance: string;
  readonly zone: string;
  readonly app: string;
  readonly channel: string;
  readonly role: string;
  /** not there on a host that is none */
  readonly canary?: true;
}
