/** Workers, each a process of its own: one that hangs or dies with a mutant is replaced. */
import {type ChildProcess, fork} from 'node:child_process';
import {join} from 'node:path';
import type {Answer, Order} from './worker.ts';

/** What became of an order; `died`: the process ended; `late`: it did not answer in time. */
export type Result = Answer | 'died' | 'late';

export interface Pool {
  /** Has the order done by a worker that has nothing else to do. */
  run(order: Order, limitMs: number): Promise<Result>;
  end(): void;
}

/** Modules that were loaded stay in memory: after so many orders a worker makes room for another. */
const ORDERS = 150;

/** `size` workers; `orders`: how many orders one of them does, no more than is good for its memory. */
export const createPool = (size: number, orders = ORDERS): Pool => {
  const idle: Worker[] = [];
  const waiting: ((worker: Worker) => void)[] = [];
  for (let n = 0; n < size; n += 1) idle.push(new Worker());

  const free = (worker: Worker): void => {
    const next = waiting.shift();
    if (next) next(worker);
    else idle.push(worker);
  };

  return {
    run: async (order, limitMs) => {
      const worker = idle.pop() ?? (await new Promise<Worker>(resolve => waiting.push(resolve)));
      let result = await worker.run(order, limitMs);
      // what an earlier mutant left behind may have ended it
      if (result === 'died') result = await worker.again(order, limitMs);
      if (typeof result === 'string' || worker.orders >= Math.min(orders, ORDERS)) worker.end();
      free(worker);
      return result;
    },
    end: () => {
      for (const worker of idle) worker.end();
    },
  };
};

class Worker {
  orders = 0;
  #child: ChildProcess | null = null;

  run(order: Order, limitMs: number): Promise<Result> {
    this.orders += 1;
    this.#child ??= fork(join(import.meta.dirname, 'worker.ts'), {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    const child = this.#child;
    return new Promise(resolve => {
      const settle = (result: Result): void => {
        clearTimeout(limit);
        child.removeAllListeners();
        resolve(result);
      };
      const limit = setTimeout(() => settle('late'), limitMs);
      child.on('message', answer => {
        if ((answer as Answer).id === order.id) settle(answer as Answer); // tap says things, too
      });
      child.on('exit', () => settle('died'));
      child.on('error', () => settle('died'));
      child.send(order);
    });
  }

  again(order: Order, limitMs: number): Promise<Result> {
    this.end();
    return this.run(order, limitMs);
  }

  end(): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
    this.orders = 0;
  }
}
