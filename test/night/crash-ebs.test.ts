/** `crash/suite.ts` with releases that are EBS snapshots. */
import {crashSuite} from './crash/suite.ts';

crashSuite('ext4');
