import {join} from 'node:path';
import {crypto} from '../../../host/http/lazy.ts';

/**
 * Where everything of this installer is, all below `<stateDir>/git` (mode 0700, one file system with `<stateDir>/slots`):
 * `<hash>` and `<hash>-sha256` are the mirrors of one URL, `<hash>-<references>…` the history of its allowed references, `slots/<slot>.json` says that a slot is complete,
 * `staging/<slot>` is a tree in the making, `spare` a whole tree that no release runs in, `trash` what is being deleted.
 */
export interface Layout {
  readonly home: string;
  readonly mirrors: Readonly<Record<ObjectFormat, string>>;
  /** the commits that the allowed references lead to */
  readonly histories: Readonly<Record<ObjectFormat, string>>;
  readonly markers: string;
  readonly staging: string;
  readonly spare: string;
  readonly trash: string;
  readonly askpass: string;
  /** what git reads as a user's configuration */
  readonly gitconfig: string;
}

export type ObjectFormat = 'sha1' | 'sha256';

/** The places below the state folder, for the repository at `url` and the references that may hold its releases. */
export const gitLayout = ({
  stateDir,
  url,
  refs = [],
}: {
  readonly stateDir: string;
  readonly url: string;
  readonly refs?: readonly string[];
}): Layout => {
  const home = join(stateDir, 'git');
  return {
    home,
    get mirrors() {
      return formatsOf(join(home, hashOf(url)));
    },
    get histories() {
      return formatsOf(join(home, `${hashOf(url)}-${hashOf(refs.join(' ')).slice(0, 16)}`));
    },
    markers: join(home, 'slots'),
    staging: join(home, 'staging'),
    spare: join(home, 'spare'),
    trash: join(home, 'trash'),
    askpass: join(home, 'askpass.cjs'),
    gitconfig: join(home, 'gitconfig'),
  };
};

const hashOf = (text: string): string =>
  crypto().createHash('sha256').update(text).digest('hex').slice(0, 32);
const formatsOf = (path: string) => ({sha1: path, sha256: `${path}-sha256`});

/** The object format that a full revision belongs to, by its length. */
export const formatOf = (revision: string): ObjectFormat => (revision.length === 64 ? 'sha256' : 'sha1');

/** The reference that keeps a fetched revision, and says that all of its objects are in the mirror. */
export const refOf = (revision: string): string => `refs/releases/${revision}`;

/** The reference that says of a revision in the mirror that one of these references of the remote held it. */
export const heldRefOf = (revision: string, refs: readonly string[]): string =>
  `refs/held/${hashOf(refs.join(' ')).slice(0, 16)}/${revision}`;
