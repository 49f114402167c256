/** The keys of one app and channel, below the store's prefix. */
export interface Keys {
  readonly desired: string;
  readonly policy: string;
  /** while it is there nobody gets a permit */
  readonly freeze: string;
  /** while it is there only its owner begins rollouts */
  readonly lock: string;
  readonly ledger: string;
  /** what the ledger says to every host, see `core/fleet/call/notice.ts` */
  readonly notice: string;
  /** who belongs to the fleet; for coordinators only */
  readonly members: string;
  readonly coordinator: string;
  /** what people were told of the fleet; for coordinators only */
  readonly told: string;
  /** prefix of all hosts' statuses */
  readonly hosts: string;
  /** prefix of the records of rollouts */
  readonly rollouts: string;
  host(instance: string): string;
  /** the record of a rollout by its number */
  rollout(number: number): string;
  /** tells one host of its permit, or that it turns round, see `core/fleet/call/call.ts` */
  call(instance: string): string;
}

/** The key layout `<app>/<channel>/…`. */
export const keysOf = (app: string, channel: string): Keys => {
  const base = `${app}/${channel}`;
  return {
    desired: `${base}/desired`,
    policy: `${base}/policy`,
    freeze: `${base}/freeze`,
    lock: `${base}/lock`,
    ledger: `${base}/ledger`,
    notice: `${base}/notice`,
    members: `${base}/members`,
    coordinator: `${base}/coordinator`,
    told: `${base}/told`,
    hosts: `${base}/hosts/`,
    rollouts: `${base}/rollouts/`,
    rollout: number => `${base}/rollouts/${String(number).padStart(6, '0')}`,
    host: instance => `${base}/hosts/${instance}`,
    call: instance => `${base}/calls/${instance}`,
  };
};
