/**
 * Memory for blocks that are read for one page and then not needed any more. A scan of a large space reads thousands of blocks a second; fresh memory
 * for each calls the garbage collector, whose pauses everybody else would feel. So it is lent and given back.
 */

/** Blocks of the usual size fit. */
const ROOM_BYTES_MIN = 8 << 10;
/** Larger ones are too rare to keep memory for. */
const ROOM_BYTES_MAX = 1 << 20;
/** Kept while nobody needs it: blocks for some pages of a megabyte. */
const KEPT_BYTES_MAX = 8 << 20;

/** What is kept, by size. */
const kept = new Map<number, Uint8Array[]>();
let keptBytes = 0;

/** The memory that one page was read into. Who does not give it back leaves it to the collector. */
export class LentBlocks {
  #rooms: Uint8Array[] = [];

  /** Memory of that many bytes or more; what is in it is anybody's. */
  take(bytes: number): Uint8Array {
    const room = roomFor(bytes);
    this.#rooms.push(room);
    return room;
  }

  /** Everything that was taken; it may change from now on. */
  giveBack(): void {
    for (const room of this.#rooms) {
      if (room.length > ROOM_BYTES_MAX || keptBytes + room.length > KEPT_BYTES_MAX) continue;
      keptBytes += room.length;
      keptOf(room.length).push(room);
    }
    this.#rooms = [];
  }
}

function roomFor(bytes: number): Uint8Array {
  // A power of two, so that a room serves blocks of all sizes near its own.
  const roomBytes = Math.max(ROOM_BYTES_MIN, 2 ** Math.ceil(Math.log2(bytes)));
  const room = keptOf(roomBytes).pop();
  if (room === undefined) return new Uint8Array(roomBytes);
  keptBytes -= roomBytes;
  return room;
}

function keptOf(bytes: number): Uint8Array[] {
  let rooms = kept.get(bytes);
  if (rooms === undefined) {
    rooms = [];
    kept.set(bytes, rooms);
  }
  return rooms;
}
