import type { Version as RowVersion } from "./iterator.ts";
import type { FlushPoint } from "./manifest/edit.ts";
import type { Memtable } from "./memtable/memtable.ts";
import { type MemtableSlot, newSlot, type UnflushedSlots } from "./memtable-slot.ts";
import { mergeCursors, type PageRequest, rangeOf, readPage } from "./merging-iterator.ts";
import { LentBlocks } from "./sstable/lent-blocks.ts";
import type { Key, Page, SpaceId, SpaceStats } from "./store.ts";
import type { Version } from "./version.ts";

/** What is true of a space besides its rows. */
export interface SpaceFigures {
  rows: number;
  bytes: number;
  generation: number;
}

/** One space: its memtables, its SSTables, its counts and its generation. */
export class Space {
  readonly id: SpaceId;
  readonly number: number;
  active: MemtableSlot = newSlot();
  /** Newest first. */
  frozen: MemtableSlot[] = [];
  version: Version;
  /** As of the last visible commit. */
  readonly visible: SpaceFigures;
  /** With all pending commits. */
  readonly pending: SpaceFigures;
  /** The sequence that raised the pending generation. */
  generationSequence = 0;
  /** The last flush point in the manifest. */
  flushed: FlushPoint;
  dropped = false;
  /** Counts of the rows that came past the log; `visible` and `pending` do without them. */
  loaded: SpaceStats = { rows: 0, bytes: 0 };
  /** Rows are about to come past the log, and to lie below all that is committed meanwhile. */
  loading = false;
  readonly #unflushed: UnflushedSlots;

  /** `unflushed` is that of all spaces. */
  constructor(id: SpaceId, number: number, flushed: FlushPoint, version: Version, unflushed: UnflushedSlots) {
    this.#unflushed = unflushed;
    this.id = id;
    this.number = number;
    this.flushed = flushed;
    this.version = version;
    const { rows, bytes, generation } = flushed;
    this.visible = { rows, bytes, generation };
    this.pending = { rows, bytes, generation };
  }

  /** Notes that a record of this space has `sequence`. */
  touch(sequence: number, logBytes: number): void {
    const { active } = this;
    if (active.firstSequence !== 0) return;
    active.firstSequence = sequence;
    active.logStart = logBytes;
    this.#unflushed.add(active);
  }

  /** The newest version of a row, pending ones included. */
  newest(key: Key): RowVersion | undefined {
    const found = this.active.memtable.newest(key);
    return found ?? this.#older(this.frozen, this.version, key, Number.POSITIVE_INFINITY);
  }

  /** The newest version of a row with a sequence <= `sequenceMax`, which is visible. */
  read(key: Key, sequenceMax: number): RowVersion | undefined {
    const found = this.active.memtable.get(key, sequenceMax);
    return found ?? this.#older(this.frozen, this.version, key, sequenceMax);
  }

  #older(
    frozen: readonly MemtableSlot[],
    version: Version,
    key: Key,
    sequenceMax: number,
  ): RowVersion | undefined {
    for (const slot of frozen) {
      const found = slot.memtable.get(key, sequenceMax);
      if (found !== undefined) return found;
    }
    return version.read(key);
  }

  /** Puts the next version of the SSTables in force. */
  install(version: Version): void {
    const old = this.version;
    this.version = version;
    old.release();
  }

  /** A view of this instant that stays as it is while memtables are flushed and files replaced. */
  view(sequenceMax: number): SpaceView {
    return new SpaceView(this.memtables, this.version.retain(), sequenceMax);
  }

  /** Exact counts, as of the last visible commit. */
  get stats(): SpaceStats {
    const { visible, loaded } = this;
    return { rows: visible.rows + loaded.rows, bytes: visible.bytes + loaded.bytes };
  }

  /** Memtables with rows in them, newest first. */
  get memtables(): Memtable[] {
    return [this.active, ...this.frozen]
      .map((slot) => slot.memtable)
      .filter((memtable) => memtable.versionCount > 0);
  }

  /** The sequence of the oldest record that only the log has; undefined when there is none. */
  get oldestUnflushed(): number | undefined {
    const slot = this.frozen.at(-1) ?? this.active;
    return slot.firstSequence === 0 ? undefined : slot.firstSequence;
  }

  /** Starts a new memtable; the old one holds everything up to `sequence`, the newest one given out. */
  freeze(sequence: number): void {
    const slot = this.active;
    slot.memtable.freeze();
    const { rows, bytes, generation } = this.pending;
    slot.point = { sequence, rows, bytes, generation };
    this.frozen = [slot, ...this.frozen];
    this.active = newSlot();
  }

  /** These frozen memtables are in the SSTables and the flush point. Returns those of them that the space still had. */
  unfreeze(slots: readonly MemtableSlot[]): readonly MemtableSlot[] {
    const held = this.frozen.filter((slot) => slots.includes(slot));
    this.frozen = this.frozen.filter((slot) => !slots.includes(slot));
    for (const slot of held) this.#unflushed.delete(slot);
    return held;
  }

  /** Gives up all memtables, of a space that was dropped; returns the active one and the frozen ones. */
  discard(): { readonly active: MemtableSlot; readonly frozen: readonly MemtableSlot[] } {
    const { active, frozen } = this;
    this.active = newSlot();
    this.frozen = [];
    for (const slot of [active, ...frozen]) this.#unflushed.delete(slot);
    return { active, frozen };
  }

  /** Removes every pending commit: the log could not hold them. */
  rollBack(visibleSequence: number): void {
    const { rows, bytes, generation } = this.visible;
    for (const slot of [this.active, ...this.frozen]) {
      slot.memtable.removeAbove(visibleSequence);
      if (slot.point !== undefined && slot.point.sequence > visibleSequence) {
        slot.point = { sequence: visibleSequence, rows, bytes, generation };
      }
      if (slot.firstSequence > visibleSequence && slot === this.active) slot.firstSequence = 0;
    }
    Object.assign(this.pending, this.visible);
  }

  /** Bytes held by all memtables. */
  get memtableBytes(): number {
    let bytes = this.active.memtable.bytes;
    for (const slot of this.frozen) bytes += slot.memtable.bytes;
    return bytes;
  }
}

/** One space at one instant. Must be released. */
export class SpaceView {
  readonly #memtables: readonly Memtable[];
  readonly #version: Version;
  readonly #sequenceMax: number;

  constructor(memtables: readonly Memtable[], version: Version, sequenceMax: number) {
    this.#memtables = memtables;
    this.#version = version;
    this.#sequenceMax = sequenceMax;
  }

  read(key: Key): RowVersion | undefined {
    for (const memtable of this.#memtables) {
      const found = memtable.get(key, this.#sequenceMax);
      if (found !== undefined) return found;
    }
    return this.#version.read(key);
  }

  range(request: PageRequest): Page {
    const reverse = request.reverse === true;
    const range = rangeOf(request);
    const lent = request.transient === true ? new LentBlocks() : undefined;
    const cursors = this.#version.cursors(reverse, range, lent);
    for (const memtable of this.#memtables) cursors.push(memtable.cursor(this.#sequenceMax, reverse));
    return readPage(mergeCursors(cursors, reverse), range, request, lent);
  }

  release(): void {
    this.#version.release();
  }
}
