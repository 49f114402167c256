/** A fleet within reach of one verb: its store is open while the verb works, and closed when it ends. */
import type {StoreSettings} from '../../../config/settings.ts';
import {type Keys, keysOf} from '../../../core/keys.ts';
import {reasonText} from '../../../core/reason.ts';
import {ReasonError} from '../../../core/reason-error.ts';
import type {Store} from '../../../ports.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import {failWith} from '../../verb.ts';
import type {FleetOptions} from './options.ts';
import {findPlace} from './place.ts';

export interface Reach {
  readonly store: Store;
  readonly keys: Keys;
  readonly app: string;
  readonly channel: string;
  /** `web/production` */
  readonly name: string;
  readonly signal: AbortSignal;
}

/** A refusal that ends the verb: it is said, with its exit code. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
  readonly kind: string;
  readonly exit: number;

  constructor(kind: string, text: string, exit: number = EXIT.refused) {
    super(text);
    this.kind = kind;
    this.exit = exit;
  }
}

/**
 * Opens the fleet's store and works with it. Every call of the store has a deadline of its own. A `Refusal` and the store's reasons are
 * said; a store that does not answer gives the exit code 3.
 */
export const withFleet = async (
  options: FleetOptions,
  terminal: Terminal,
  work: (reach: Reach) => Promise<number>,
): Promise<number> => {
  const found = await findPlace(options, terminal.env);
  if (!found.ok) return failWith(EXIT.refused, found, options, terminal);
  const {app, channel, store: settings} = found.place;
  const {openStore} = await import('../../../store/open.ts');
  let store: Store | undefined;
  try {
    await requireFolder(settings);
    store = await openStore(settings);
    const {signal} = new AbortController();
    return await work({store, keys: keysOf(app, channel), app, channel, name: `${app}/${channel}`, signal});
  } catch (error) {
    if (error instanceof Refusal)
      return failWith(error.exit, {kind: error.kind, text: error.message}, options, terminal);
    if (!(error instanceof ReasonError)) throw error;
    const {kind} = error.reason;
    const exit = kind === 'store.unreachable' ? EXIT.noAnswer : EXIT.refused;
    return failWith(exit, {kind, text: textOf(error)}, options, terminal);
  } finally {
    await store?.close();
  }
};

// The store would make the folder: right for a host, wrong for whoever mistypes it.
const requireFolder = async (settings: StoreSettings): Promise<void> => {
  if (settings.kind !== 'directory') return;
  const {stat} = await import('node:fs/promises');
  const found = await stat(settings.path).catch(() => null);
  if (!found?.isDirectory())
    throw new Refusal('store.unreachable', `the store file://${settings.path} is not there`, EXIT.noAnswer);
};

const textOf = ({reason}: ReasonError): string => {
  const isForbidden =
    reason.kind === 'store.refused' && /permission denied|ACL not found/i.test(String(reason.details.cause));
  return isForbidden
    ? `${reasonText(reason)}. Show the token of an operator who may, by --token-file or CONSUL_HTTP_TOKEN_FILE`
    : reasonText(reason);
};
