/**
 * The one source of time, of delays and of turns of the event loop. Injected everywhere, so that tests own time, and simulations the order in
 * which things happen, too.
 */
export interface Clock {
  /** Milliseconds since the epoch. May step back; callers that need monotone time keep their own maximum. */
  now(): number;
  /** Runs `task` once after `delayMs`; the returned function cancels it. Never keeps the process alive. */
  after(delayMs: number, task: () => void): () => void;
  /** Runs `task` in a later turn of the event loop, after what is waiting already. Keeps the process alive. */
  soon(task: () => void): void;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(delayMs, task) {
    const timer = setTimeout(task, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
  soon: (task) => void setImmediate(task),
};

/** Lets everything else that is waiting on this thread run. */
export function nextTurn(clock: Clock): Promise<void> {
  return new Promise((resolve) => clock.soon(resolve));
}
