import type { Clock } from "../../../storage/clock.ts";
import { crc32 } from "../../../storage/encoding.ts";
import type { RandomBytes } from "../../../storage/random.ts";
import { seededRandom } from "../../support/seeded-random.ts";

/** A program that runs in a world until it is killed: what it had planned never happens then. */
export class Process {
  alive = true;
}

interface Task {
  readonly due: number;
  readonly owner: Process;
  readonly run: () => void;
}

/**
 * Time, chance and the order of events, all out of one seed. Whatever a program does between two waits is one step; which of the waiting
 * steps comes next is a matter of dice, and so is how much time passes. The trace is a checksum of all that happened.
 */
export class World {
  readonly #dice: () => number;
  readonly #encoder = new TextEncoder();
  #ready: Task[] = [];
  #timers: Task[] = [];
  #time = Date.UTC(2026, 0, 1);
  /** What clocks show beyond the true time: they are set now and then. */
  #skew = 0;
  #trace = 0;
  steps = 0;

  constructor(seed: number) {
    this.#dice = seededRandom(seed);
  }

  get trace(): string {
    return `${this.#trace.toString(16)}/${this.steps}`;
  }

  /** [0, 1) */
  chance(): number {
    return this.#dice();
  }

  /** 0 .. count - 1 */
  below(count: number): number {
    return Math.floor(this.#dice() * count);
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error("nothing to pick from");
    return choice;
  }

  readonly randomBytes: RandomBytes = (count) => Uint8Array.from({ length: count }, () => this.below(256));

  /** Adds to the trace. */
  note(what: string, bytes?: Uint8Array): void {
    this.#trace = crc32(this.#encoder.encode(what), this.#trace);
    if (bytes !== undefined) this.#trace = crc32(bytes, this.#trace);
  }

  /** Somebody sets the clock, a little forward or back. */
  setClock(): void {
    this.#skew = this.below(400) - 200;
  }

  clockOf(owner: Process): Clock {
    return {
      now: () => this.#time + this.#skew,
      after: (delayMs, run) => {
        const timer = { due: this.#time + delayMs, owner, run };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      soon: (run) => void this.#ready.push({ due: this.#time, owner, run }),
    };
  }

  sleep(owner: Process, ms: number): Promise<void> {
    return new Promise((resolve) => this.clockOf(owner).after(ms, resolve));
  }

  /** Lets things happen until `isOver`. Throws when nothing is left that could, or when that takes for ever. */
  async run(isOver: () => boolean, what: string): Promise<void> {
    for (let steps = 0; ; steps++) {
      // All that follows from the last step without waiting for anything.
      await new Promise((resolve) => setImmediate(resolve));
      if (isOver()) return;
      if (steps > 200_000) throw new Error(`this takes for ever: ${what}`);
      if (!this.#step()) throw new Error(`nothing is left to happen: ${what}`);
    }
  }

  #step(): boolean {
    this.#ready = this.#ready.filter(({ owner }) => owner.alive);
    this.#timers = this.#timers.filter(({ owner }) => owner.alive);
    if (this.#ready.length === 0) {
      if (this.#timers.length === 0) return false;
      const next = this.#timers.reduce((one, other) => (other.due < one.due ? other : one));
      this.#time = Math.max(this.#time, next.due);
    } else this.#time += this.#dice() * 0.2;
    for (const timer of this.#timers) if (timer.due <= this.#time) this.#ready.push(timer);
    this.#timers = this.#timers.filter(({ due }) => due > this.#time);
    const index = this.below(this.#ready.length);
    const [task] = this.#ready.splice(index, 1);
    this.steps += 1;
    this.note(`${index} ${this.#time}`);
    task?.run();
    return true;
  }
}
