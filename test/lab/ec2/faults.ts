/**
 * What the emulated EC2 does wrong on demand. `throttle`, `server-error`, `error` answer before anything is done; `hang`
 * never answers and `reset` cuts the connection, nothing done; `lose-reply` does the work and then cuts the connection.
 * `garbage` answers 200 with a web page, nothing done; `vanish` (AttachVolume) deletes the volume behind everyone's back first.
 * The others make one asynchronous step end badly: a volume that becomes `error`, or a state that is never left.
 */
export type Fault = {
  /** The action it applies to, `*` for every one. */
  readonly action: string;
  readonly kind:
    | 'throttle'
    | 'server-error'
    | 'error'
    | 'hang'
    | 'reset'
    | 'lose-reply'
    | 'garbage'
    | 'vanish'
    | 'volume-error'
    | 'stuck-creating'
    | 'stuck-attaching'
    | 'stuck-detaching';
  /** For `error`: the code and message EC2 gives. */
  readonly code?: string;
  readonly message?: string;
  /** How often, default for ever. */
  readonly times?: number;
  /** Only for calls with these fields, such as {InstanceId: 'i-…'}. */
  readonly where?: Readonly<Record<string, string>>;
  /** Only for calls from this address: an instance's `ip`. */
  readonly from?: string;
};

export type Faults = ReturnType<typeof createFaults>;

/** A list of faults in force: `add` gives back the function that ends one, `take` uses one up. */
export const createFaults = () => {
  const active: {fault: Fault; left: number}[] = [];
  const end = (entry: {fault: Fault; left: number}) => {
    const at = active.indexOf(entry);
    if (at >= 0) active.splice(at, 1);
  };
  return {
    add: (fault: Fault): (() => void) => {
      const entry = {fault, left: fault.times ?? Number.POSITIVE_INFINITY};
      active.push(entry);
      return () => end(entry);
    },
    take: (
      kinds: readonly Fault['kind'][],
      action: string,
      fields: ReadonlyMap<string, string>,
      from?: string,
    ): Fault | undefined => {
      const entry = active.find(
        ({fault}) => kinds.includes(fault.kind) && applies(fault, {action, fields, from}),
      );
      if (entry === undefined) return undefined;
      entry.left -= 1;
      if (entry.left <= 0) end(entry);
      return entry.fault;
    },
    clear: (): void => {
      active.length = 0;
    },
    list: (): readonly Fault[] => active.map(({fault}) => fault),
  };
};

type Asked = {action: string; fields: ReadonlyMap<string, string>; from: string | undefined};

const applies = (fault: Fault, {action, fields, from}: Asked): boolean =>
  (fault.action === '*' || fault.action === action) &&
  (fault.from === undefined || fault.from === from) &&
  Object.entries(fault.where ?? {}).every(([key, value]) => fields.get(key) === value);
