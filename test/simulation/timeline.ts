/** Simulated time: a heap of what comes, and nothing moves but by it. */
export interface Timeline {
  /** ms since the run began, whole */
  now(): number;
  /** Does `work` in `ms`, unless what it gives back is called before. */
  after(ms: number, work: () => void): () => void;
  /** Goes on until `isOver`, asked after each moment, or until nothing more comes. */
  run(isOver: () => boolean): Promise<void>;
  /** how many things were done */
  events(): number;
}

interface Coming {
  readonly at: number;
  readonly order: number;
  work: (() => void) | null;
}

const isBefore = (a: Coming, b: Coming): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** Makes a timeline at its begin. Time goes on once every promise has settled: `setImmediate` comes after all of them. */
export const createTimeline = (): Timeline => {
  const heap: Coming[] = [];
  let now = 0;
  let order = 0;
  let events = 0;

  const doAll = (): void => {
    const first = heap[0];
    if (!first) return;
    now = first.at;
    while (heap[0] && heap[0].at === now) {
      const {work} = takeFirst(heap) ?? {work: null};
      if (!work) continue;
      events += 1;
      work();
    }
  };

  return {
    now: () => now,
    after: (ms, work) => {
      order += 1;
      const coming: Coming = {at: now + Math.max(0, Math.round(ms)), order, work};
      add(heap, coming);
      return () => {
        coming.work = null;
      };
    },
    run: isOver =>
      new Promise((resolve, reject) => {
        const turn = (): void => {
          try {
            if (heap.length === 0 || isOver()) resolve();
            else {
              doAll();
              setImmediate(turn);
            }
          } catch (error) {
            reject(error);
          }
        };
        setImmediate(turn);
      }),
    events: () => events,
  };
};

const add = (heap: Coming[], coming: Coming): void => {
  let place = heap.length;
  while (place > 0) {
    const parent = (place - 1) >> 1;
    const above = heap[parent];
    if (!above || isBefore(above, coming)) break;
    heap[place] = above;
    place = parent;
  }
  heap[place] = coming;
};

const takeFirst = (heap: Coming[]): Coming | undefined => {
  const [first] = heap;
  const last = heap.pop();
  if (!first || !last || heap.length === 0) return first;
  let place = 0;
  for (;;) {
    const below = smallerChild(heap, place);
    const child = heap[below];
    if (!child || isBefore(last, child)) break;
    heap[place] = child;
    place = below;
  }
  heap[place] = last;
  return first;
};

const smallerChild = (heap: readonly Coming[], place: number): number => {
  const left = 2 * place + 1;
  const [a, b] = [heap[left], heap[left + 1]];
  return a && b && isBefore(b, a) ? left + 1 : left;
};
