/** `crash/suite.ts` with releases that are EBS snapshots. */
import {crashSuite} from './suite.ts';

crashSuite('ext4');
