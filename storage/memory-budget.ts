import type { Clock } from "./clock.ts";
import type { Memtable } from "./memtable/memtable.ts";
import type { Space } from "./space.ts";
import type { Key, Value } from "./store.ts";
import { WriteStall } from "./write-stall.ts";

/**
 * Counts the bytes of all memtables against one budget: half of it may be active; what is frozen may fill the other half before writers
 * have to wait for a flush.
 */
export class MemoryBudget {
  readonly bytesMax: number;
  readonly stall: WriteStall;
  #activeBytes = 0;
  #frozenBytes = 0;
  #bytesPut = 0;

  constructor(bytesMax: number, clock: Clock) {
    this.bytesMax = bytesMax;
    this.stall = new WriteStall(clock);
  }

  /** Puts a row into an active memtable, and counts what that takes. */
  put(memtable: Memtable, key: Key, sequence: number, value: Value | undefined): void {
    const before = memtable.bytes;
    memtable.put(key, sequence, value);
    const bytes = memtable.bytes - before;
    this.#activeBytes += bytes;
    this.#bytesPut += bytes;
  }

  /** All that was ever put. */
  get bytesPut(): number {
    return this.#bytesPut;
  }

  get activeBytes(): number {
    return this.#activeBytes;
  }

  get bytes(): number {
    return this.#activeBytes + this.#frozenBytes;
  }

  /** A memtable should be frozen and flushed. */
  get isHalfUsed(): boolean {
    return this.#activeBytes >= this.bytesMax / 2;
  }

  /** Writers must wait. */
  get isUsedUp(): boolean {
    return this.#frozenBytes > 0 && this.bytes >= this.bytesMax;
  }

  /** Resolves when a flush has made room; undefined when there is room now. */
  waitForRoom(): Promise<void> | undefined {
    return this.isUsedUp ? this.stall.wait() : undefined;
  }

  /** An active memtable is frozen: the other half counts its bytes. */
  freeze({ bytes }: Memtable): void {
    this.#activeBytes -= bytes;
    this.#frozenBytes += bytes;
  }

  /** A frozen memtable is in an SSTable. */
  forget({ bytes }: Memtable): void {
    this.#frozenBytes -= bytes;
    this.wakeIfRoom();
  }

  /** The memtables of a space that was dropped. */
  discard({ active, frozen }: ReturnType<Space["discard"]>): void {
    this.#activeBytes -= active.memtable.bytes;
    for (const { memtable } of frozen) this.#frozenBytes -= memtable.bytes;
    this.wakeIfRoom();
  }

  /** Counts again, after memtables were rolled back, or have come from the log. */
  recount(spaces: Iterable<Space>): void {
    this.#activeBytes = 0;
    this.#frozenBytes = 0;
    for (const space of spaces) {
      this.#activeBytes += space.active.memtable.bytes;
      for (const slot of space.frozen) this.#frozenBytes += slot.memtable.bytes;
    }
    this.wakeIfRoom();
  }

  wakeIfRoom(): void {
    if (!this.isUsedUp) this.stall.end();
  }

  /** Lets all who wait go on, to be told what is wrong. */
  wakeAll(): void {
    this.stall.end();
  }
}
