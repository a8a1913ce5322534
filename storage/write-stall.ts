import type { Clock } from "./clock.ts";

/** One cause for which writers have to wait: all of them at once, until it ends. */
export class WriteStall {
  readonly #clock: Clock;
  #room: PromiseWithResolvers<void> | undefined;
  #beganAtMs = 0;
  #count = 0;
  #ms = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Times that writers had to wait. */
  get count(): number {
    return this.#count;
  }

  /** For how long altogether, the wait under way included. */
  get ms(): number {
    return this.#ms + (this.#room === undefined ? 0 : Math.max(0, this.#clock.now() - this.#beganAtMs));
  }

  get isUnderWay(): boolean {
    return this.#room !== undefined;
  }

  /** Begins, if it is not under way already; resolves at its end. */
  wait(): Promise<void> {
    if (this.#room === undefined) {
      this.#room = Promise.withResolvers<void>();
      this.#beganAtMs = this.#clock.now();
      this.#count += 1;
    }
    return this.#room.promise;
  }

  /** Lets all who wait go on. */
  end(): void {
    const room = this.#room;
    if (room === undefined) return;
    this.#ms = this.ms;
    this.#room = undefined;
    room.resolve();
  }
}
