/** The keys of one app and channel, below the store's prefix. */
export interface Keys {
  readonly desired: string;
  readonly policy: string;
  readonly ledger: string;
  /** who belongs to the fleet; for coordinators only */
  readonly members: string;
  readonly coordinator: string;
  /** prefix of all hosts' statuses */
  readonly hosts: string;
  host(instance: string): string;
  /** written to wake one host */
  call(instance: string): string;
}

/** The key layout `<app>/<channel>/…`. */
export const keysOf = (app: string, channel: string): Keys => {
  const base = `${app}/${channel}`;
  return {
    desired: `${base}/desired`,
    policy: `${base}/policy`,
    ledger: `${base}/ledger`,
    members: `${base}/members`,
    coordinator: `${base}/coordinator`,
    hosts: `${base}/hosts/`,
    host: instance => `${base}/hosts/${instance}`,
    call: instance => `${base}/calls/${instance}`,
  };
};
