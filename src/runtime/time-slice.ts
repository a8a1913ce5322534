/** Longer than this at a stretch would be felt by the requests that wait. */
const SLICE_MS_MAX = 0.5;

/** Resolves after everything else that is ready has run. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Long work on the one thread, done in slices: ask `isOver` every few microseconds of work, and await `next` when it is, which lets
 * everything else that is ready run first.
 */
export class TimeSlice {
  #begun = performance.now();

  get isOver(): boolean {
    return performance.now() - this.#begun > SLICE_MS_MAX;
  }

  /** Resolves at the beginning of the next slice. */
  async next(): Promise<void> {
    await nextTurn();
    this.#begun = performance.now();
  }
}
