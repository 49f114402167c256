import {checkTraffic} from '../../traffic/check.ts';
import {FINE, type Part, problem} from './part.ts';

/** Leaving traffic through Consul. An agent of Consul that does not answer now is no fault of the configuration. */
export const trafficPart: Part = {
  name: 'traffic',
  examine: async ({settings: {traffic}}, signal) => {
    if (!traffic.consul) return null;
    const found = await checkTraffic(traffic.consul, signal);
    if (!found) return FINE;
    if (found.kind === 'note') return {problems: [], notes: [found.text]};
    const expected = 'a Consul that shows this host its service, and lets it change the maintenance of it';
    return problem('traffic.consul', expected, found.text);
  },
};
