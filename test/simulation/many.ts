/** Many runs, on as many processors as are given. */
import {constants, setPriority} from 'node:os';
import {isMainThread, parentPort, Worker, workerData} from 'node:worker_threads';
import {type Result, runScenario} from './run.ts';
import {drawScenario, type Part} from './scenario/scenario.ts';

interface Many {
  /** the numbers of the runs: one is taken when a processor is free */
  readonly numbers: Iterable<number>;
  readonly part?: Part;
  /** runs at once; with one of them everything happens here */
  readonly jobs: number;
}

/** Lives through the scenarios of these numbers. Gives each result when it is there, which is not their order. */
export async function* runMany({numbers, part = {}, jobs}: Many): AsyncGenerator<Result, void> {
  if (jobs === 1) {
    for (const number of numbers) yield await runScenario(drawScenario(number, part));
    return;
  }
  const left = numbers[Symbol.iterator]();
  const workers = Array.from({length: jobs}, () => new Worker(import.meta.filename, {workerData: {part}}));
  const under = new Map<Worker, Promise<{readonly worker: Worker; readonly result: Result}>>();
  const begin = (worker: Worker): void => {
    const {value, done} = left.next();
    if (done) under.delete(worker);
    else under.set(worker, answerOf(worker, value));
  };
  try {
    for (const worker of workers) begin(worker);
    while (under.size > 0) {
      const {worker, result} = await Promise.race(under.values());
      begin(worker);
      yield result;
    }
  } finally {
    await Promise.all(workers.map(worker => worker.terminate()));
  }
}

const answerOf = (worker: Worker, number: number): Promise<{worker: Worker; result: Result}> =>
  new Promise((resolve, reject) => {
    const answered = (result: Result): void => {
      worker.off('error', reject);
      resolve({worker, result});
    };
    worker.once('message', answered);
    worker.once('error', reject);
    worker.postMessage(number);
  });

if (!isMainThread && parentPort && workerData?.part) {
  const port = parentPort;
  setPriority(constants.priority.PRIORITY_LOW); // of this thread: who has deadlines to keep goes first
  port.on('message', async (number: number) => {
    port.postMessage(await runScenario(drawScenario(number, workerData.part)));
  });
}
