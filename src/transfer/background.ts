import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import type { Objects } from "../runtime/objects.ts";
import type { Catalog } from "../tables/catalog.ts";

/** What exports and imports work with. */
export interface TransferOptions {
  readonly catalog: Catalog;
  readonly clock: Clock;
  /** Hears of bad lines, and of those that fail. */
  readonly log: Log;
  readonly objects: Objects;
  /** How long one is IN_PROGRESS at least. */
  readonly tableDelayMs: number;
}

/** Work beside requests that ends before the server does. What is broken off is begun again by the next start. */
export class Background {
  readonly #stop = new AbortController();
  readonly #running = new Set<Promise<void>>();

  get signal(): AbortSignal {
    return this.#stop.signal;
  }

  /** `task` never rejects. */
  run(task: () => Promise<void>): void {
    if (this.signal.aborted) return;
    const running: Promise<void> = task().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running);
  }
}

/** Was thrown because of `Background.stop`. */
export class Stopped extends Error {}

/** Throws `Stopped` after a stop. */
export function check(signal: AbortSignal): void {
  if (signal.aborted) throw new Stopped();
}
