import type { FlushPoint } from "./manifest/edit.ts";
import { Memtable } from "./memtable/memtable.ts";

/** A memtable and what was committed to its space besides rows while it was the active one. */
export interface MemtableSlot {
  readonly memtable: Memtable;
  /** Sequence of the first record of any kind, or 0. */
  firstSequence: number;
  /** Bytes the log had when that came: how far the space lags behind. */
  logStart: number;
  /** Set when frozen: everything up to this point is in this slot or older ones. */
  point: FlushPoint | undefined;
}

export function newSlot(): MemtableSlot {
  return { memtable: new Memtable(), firstSequence: 0, logStart: 0, point: undefined };
}

/** The memtables of all spaces that hold what only the log has besides, by their first sequences: idle spaces are not among them. */
export class UnflushedSlots {
  readonly #slots = new Set<MemtableSlot>();

  /** Its first sequence is the newest there is. */
  add(slot: MemtableSlot): void {
    this.#slots.add(slot);
  }

  /** It is flushed, or not to be flushed. */
  delete(slot: MemtableSlot): void {
    this.#slots.delete(slot);
  }

  /** The lowest sequence in any of them but `flushing`; undefined when there is none. */
  oldest(flushing: readonly MemtableSlot[] = []): number | undefined {
    for (const slot of this.#slots) if (!flushing.includes(slot)) return slot.firstSequence;
    return undefined;
  }

  /** Nothing above this sequence has happened. */
  rollBack(visibleSequence: number): void {
    for (const slot of this.#slots) if (slot.firstSequence > visibleSequence) this.#slots.delete(slot);
  }
}
