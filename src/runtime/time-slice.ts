/** Longer than half a millisecond at a stretch would be felt by the requests that wait; a step begun before this is over may take as long again. */
const SLICE_MS_MAX = 0.3;
/** Who begins while others wait for a slice joins them after this long: many who begin at once must not make one long turn. */
const FIRST_SLICE_MS_MAX = 0.1;

/** Resolves after everything else that is ready has run. */
export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Those who wait for a slice, first come first served: one of them per turn of the event loop, so that turns stay short. */
const waiting: (() => void)[] = [];

function resumeNext(): void {
  waiting.shift()?.();
  if (waiting.length > 0) setImmediate(resumeNext);
}

/**
 * Long work on the one thread, done in slices: ask `isOver` every few microseconds of work, and await `next` when it is, which lets
 * everything else that is ready run first.
 */
export class TimeSlice {
  #begun = performance.now();
  #isFirst = true;

  get isOver(): boolean {
    const spent = performance.now() - this.#begun;
    return spent > SLICE_MS_MAX || (spent > FIRST_SLICE_MS_MAX && this.#isFirst && waiting.length > 0);
  }

  /** Resolves at the beginning of the next slice. */
  async next(): Promise<void> {
    await new Promise<void>((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(resumeNext);
    });
    this.#begun = performance.now();
    this.#isFirst = false;
  }
}
