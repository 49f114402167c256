/** The thread that strike.ts starts. */
import {parentPort, workerData} from 'node:worker_threads';
import {strikeWhenSeen, type Watch} from './strike-watch.ts';

parentPort?.postMessage('watching');
strikeWhenSeen(workerData as Watch);
parentPort?.postMessage('struck');
