import {type Reason, reasonText} from '../../core/reason.ts';
import {reasonOf} from '../../core/reason-error.ts';
import {checkRemote} from '../../install/git/check.ts';
import {FINE, type Part, problem} from './part.ts';

/** What no waiting mends. Anything else is noted: a remote that does not answer now is no fault of the configuration. */
const REFUSED: ReadonlySet<Reason['kind']> = new Set(['git.auth-refused', 'git.credentials']);

/** Reading the references of the git remote, with the configured credentials. */
export const gitPart: Part = {
  name: 'the git remote',
  examine: async ({settings: {install, stateDir}}, signal) => {
    const {git} = install;
    if (!git) return null;
    try {
      const refs = await checkRemote({git, stateDir}, signal);
      if (refs.length > 0 || git.refs.length === 0) return FINE;
      return problem(
        'install.git.refs',
        `some that ${git.url} has`,
        `${git.refs.join(', ')}: it has none of these`,
      );
    } catch (error) {
      const cause = reasonOf(error);
      if (!REFUSED.has(cause.kind)) throw error;
      return problem('install.git.url', 'a remote that lets this host read', reasonText(cause));
    }
  },
};
