import {join} from 'node:path';
import * as v from 'valibot';
import {reason} from '../../core/reason.ts';
import {ReasonError} from '../../core/reason-error.ts';
import type {Identity} from '../../ports.ts';
import {readIfThere, writeDurably} from '../files.ts';
import type {Imds} from './imds.ts';

interface Options {
  /** null where IMDS is switched off */
  readonly imds: Imds | null;
  /** on a file system that does not outlive the boot */
  readonly runDir: string;
  /** what the configuration says instead */
  readonly configured: {readonly instance?: string; readonly zone?: string; readonly region?: string};
}

const text = v.string();
const schema = v.object({instance: text, zone: text, region: text, account: text});

/**
 * Who this instance is. What IMDS said is kept for the boot, so that an agent that restarts does not depend on it.
 * Throws `imds.*` when it does not answer and nothing is kept.
 */
export const whoAmI = async ({imds, runDir, configured}: Options, signal: AbortSignal): Promise<Identity> => {
  const known = imds ? await askOnce(imds, join(runDir, 'identity.json'), signal) : null;
  return identityFrom(configured, known);
};

/** What the configuration says of this instance, and for the rest what IMDS does. Throws `config.invalid` when neither names it. */
export const identityFrom = (configured: Options['configured'], known: Identity | null): Identity => {
  const instance = configured.instance ?? known?.instance;
  if (instance === undefined) {
    throw new ReasonError(
      reason('config.invalid', {problems: 'identity.instance is needed where imds = "off"'}),
    );
  }
  return {
    instance,
    zone: configured.zone ?? known?.zone ?? 'none',
    region: configured.region ?? known?.region ?? 'none',
    account: known?.account ?? '',
  };
};

const askOnce = async (imds: Imds, path: string, signal: AbortSignal): Promise<Identity> => {
  const kept = readKept(await readIfThere(path));
  if (kept) return kept;
  const identity = await imds.identity(signal);
  await writeDurably(path, JSON.stringify(identity));
  return identity;
};

const readKept = (json: string | null): Identity | null => {
  if (json === null) return null;
  try {
    const result = v.safeParse(schema, JSON.parse(json));
    return result.success ? result.output : null;
  } catch {
    return null;
  }
};
