import {keysOf} from '../../core/keys.ts';
import {reasonText} from '../../core/reason.ts';
import {checkStore, surplusOf} from '../../store/check.ts';
import {FINE, type Findings, type Part, problem} from './part.ts';

/** Everything that a host does with its store. One that does not answer now is no fault of the configuration. */
export const storePart: Part = {
  name: 'the store',
  examine: async ({settings: {app, channel, store: settings, webhooks}}, signal) => {
    const parts = {settings, keys: keysOf(app, channel), tells: webhooks.length > 0};
    const found = await checkStore(parts, signal);
    if (!found) return surplusNote(await surplusOf(parts, signal));
    const text = `${found.tried}: ${reasonText(found.cause)}`;
    if (found.cause.kind !== 'store.refused')
      return {problems: [], notes: [`the store was not checked: ${text}`]};
    return problem('store', 'a store that lets this host read and write its keys and make sessions', text);
  },
};

const surplusNote = (surplus: readonly string[]): Findings =>
  surplus.length === 0
    ? FINE
    : {
        problems: [],
        notes: [
          `the token of this host may write ${surplus.join(' and ')}, which is more than it needs: whoever gets into the host deploys to every host`,
        ],
      };
