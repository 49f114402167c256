/** `crash/suite.ts` with releases that are git revisions. */
import {crashSuite} from './suite.ts';

crashSuite('git');
