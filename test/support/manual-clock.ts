import type { Clock } from "../../storage/clock.ts";

interface Task {
  readonly due: number;
  readonly run: () => void;
}

/** A clock that only moves when it is told to. */
export class ManualClock implements Clock {
  #now: number;
  readonly #tasks = new Set<Task>();

  constructor(now = Date.UTC(2026, 0, 1)) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  after(delayMs: number, run: () => void): () => void {
    const task = { due: this.#now + delayMs, run };
    this.#tasks.add(task);
    return () => this.#tasks.delete(task);
  }

  soon(task: () => void): void {
    setImmediate(task);
  }

  /** Moves on and runs what has become due, in order. Negative: the clock is set back, and nothing runs. */
  advance(ms: number): void {
    this.#now += ms;
    const due = [...this.#tasks].filter((task) => task.due <= this.#now).sort((a, b) => a.due - b.due);
    for (const task of due) if (this.#tasks.delete(task)) task.run();
  }
}
