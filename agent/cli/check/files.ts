import {checkFiles} from '../../config/files.ts';
import type {Part} from './part.ts';

/** The files that the settings name: there, and safe from others. */
export const filesPart: Part = {
  name: 'the files that it names',
  examine: async ({settings, root}) => ({problems: await checkFiles(settings, root), notes: []}),
};
