import {keysOf} from '../../core/keys.ts';
import {reasonText} from '../../core/reason.ts';
import {checkStore} from '../../store/check.ts';
import {FINE, type Part, problem} from './part.ts';

/** Everything that a host does with its store. One that does not answer now is no fault of the configuration. */
export const storePart: Part = {
  name: 'the store',
  examine: async ({settings: {app, channel, store: settings}}, signal) => {
    const found = await checkStore({settings, keys: keysOf(app, channel)}, signal);
    if (!found) return FINE;
    const text = `${found.tried}: ${reasonText(found.cause)}`;
    if (found.cause.kind !== 'store.refused')
      return {problems: [], notes: [`the store was not checked: ${text}`]};
    return problem('store', 'a store that lets this host read and write its keys and make sessions', text);
  },
};
