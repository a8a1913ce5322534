import type { Clock } from "./clock.ts";
import { WriteStall } from "./write-stall.ts";

/** Shorter waits are saved up: timers are no finer than this. */
const waitMsMin = 1;

/**
 * Holds writers back while compactions fall behind: lets so many bytes per second through, or none. Whoever waits is let go when
 * its time has come, when the rate changes, and for good when the gate is opened.
 */
export class WriteGate {
  readonly stall: WriteStall;
  readonly #clock: Clock;
  readonly #bytesWritten: () => number;
  #bytesPerSecond = Number.POSITIVE_INFINITY;
  /** Bytes that went through and that the rate has not allowed for yet, as of a time and a count of bytes. */
  #owedBytes = 0;
  #paidAtMs = 0;
  #seenBytes = 0;
  #cancelTimer: (() => void) | undefined;
  #isOpen = false;

  /** `bytesWritten`: what writers have written so far, ever growing. */
  constructor(clock: Clock, bytesWritten: () => number) {
    this.#clock = clock;
    this.stall = new WriteStall(clock);
    this.#bytesWritten = bytesWritten;
  }

  get isStopped(): boolean {
    return this.#bytesPerSecond === 0;
  }

  /** Infinity: no limit; 0: stop. */
  setRate(bytesPerSecond: number): void {
    if (bytesPerSecond === this.#bytesPerSecond) return;
    this.#settle();
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY) this.#owedBytes = 0;
    this.#bytesPerSecond = bytesPerSecond;
    this.wakeAll();
  }

  /** Resolves when it may be worth asking again; undefined when writers may go on. */
  waitForRoom(): Promise<void> | undefined {
    if (this.#bytesPerSecond === Number.POSITIVE_INFINITY || this.#isOpen) return undefined;
    this.#settle();
    const { isStopped } = this;
    const waitMs = isStopped ? Number.POSITIVE_INFINITY : (this.#owedBytes * 1000) / this.#bytesPerSecond;
    if (waitMs < waitMsMin) return undefined;
    if (!this.stall.isUnderWay && !isStopped) {
      this.#cancelTimer = this.#clock.after(waitMs, () => this.wakeAll());
    }
    return this.stall.wait();
  }

  #settle(): void {
    const now = this.#clock.now();
    const bytes = this.#bytesWritten();
    if (this.#bytesPerSecond !== Number.POSITIVE_INFINITY) {
      const paid = (Math.max(0, now - this.#paidAtMs) * this.#bytesPerSecond) / 1000;
      this.#owedBytes = Math.max(0, this.#owedBytes - paid) + bytes - this.#seenBytes;
    }
    this.#paidAtMs = now;
    this.#seenBytes = bytes;
  }

  /** Lets all who wait ask again. */
  wakeAll(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.stall.end();
  }

  /** Nobody waits from now on: the store has failed or is being closed, and says so itself. */
  open(): void {
    this.#isOpen = true;
    this.wakeAll();
  }
}
