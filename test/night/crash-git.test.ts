/** `crash/suite.ts` with releases that are git revisions. */
import {crashSuite} from './crash/suite.ts';

crashSuite('git');
