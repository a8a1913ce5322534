import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";

/** Second steps of changes whose first step shows for a while. What has not been done at the stop is for the next start to do. */
export class Later {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #cancels = new Set<() => void>();
  readonly #running = new Set<Promise<void>>();

  constructor(clock: Clock, log: Log) {
    this.#clock = clock;
    this.#log = log;
  }

  /** Runs `step` after a delay in milliseconds. Failures are logged. */
  run(delayMs: number, step: () => Promise<void>): void {
    const cancel = this.#clock.after(delayMs, () => {
      this.#cancels.delete(cancel);
      const running = this.#run(step).finally(() => this.#running.delete(running));
      this.#running.add(running);
    });
    this.#cancels.add(cancel);
  }

  /** Waits for the steps under way; begins none after it. */
  async stop(): Promise<void> {
    for (const cancel of this.#cancels) cancel();
    await Promise.all(this.#running);
  }

  async #run(step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.#log.warn("a change of a table stays as it is until the next start", { cause });
    }
  }
}
