import {groupNumber} from '../../host/groups.ts';
import {FINE, type Part, problem} from './part.ts';

/** The group that may read git releases: none is staged without it. */
export const groupPart: Part = {
  name: 'the group of git releases',
  examine: async ({settings: {install}}, signal) => {
    const group = install.git?.group;
    if (group === undefined) return null;
    if ((await groupNumber(group, signal)) !== null) return FINE;
    return problem('install.git.group', 'a group that this host has', group);
  },
};
