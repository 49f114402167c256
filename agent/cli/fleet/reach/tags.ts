import type {Fragments} from '../../../config/fragments/fragments.ts';
import {TAG_KEYS, type Tags} from '../../../config/fragments/tags.ts';
import {imdsAddress} from '../../../config/load.ts';
import {createImds} from '../../../host/imds/imds.ts';
import {readTags} from '../../../host/imds/tags.ts';
import {withTimeLimit} from '../../../host/time-limit.ts';

/** Longer than IMDS ever takes on an instance; a machine that is none should not wait long. */
const LIMIT_MS = 3_000;

/** The instance tags that say who this host is; null where they cannot be asked: then only the files count. */
export const askTags = async (fragments: Fragments): Promise<Tags> => {
  const base = imdsAddress(fragments);
  if (base === null) return null;
  const imds = createImds({base, tries: 1});
  const ask = (signal: AbortSignal): Promise<Tags> => readTags(imds, TAG_KEYS, signal);
  return withTimeLimit({timeoutMs: LIMIT_MS}, ask, new AbortController().signal).catch(() => null);
};
