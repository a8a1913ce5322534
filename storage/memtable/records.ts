import { wordAt, writeLatin1 } from "../encoding.ts";
import type { Key, Value } from "../store.ts";
import { type Arena, type Chunk, chunkAt, offsetOf } from "./arena.ts";

/**
 * What an arena holds, in the machine's byte order (it never leaves the process):
 *
 *   entry    u32 address of the newest version | u32 key length | key
 *   version  u32 address of the next older version, 0 = none | u32 value length + 1, 0 = tombstone |
 *            u32 sequence, low half | u32 sequence, high half | value
 */
export const entryHeaderBytes = 8;
export const versionHeaderBytes = 16;

export function addEntry(arena: Arena, key: Key): number {
  const entry = arena.allocate(entryHeaderBytes + key.length);
  const { bytes, words } = chunkAt(arena.chunks, entry);
  const offset = offsetOf(entry);
  words[(offset >>> 2) + 1] = key.length;
  writeLatin1(bytes, offset + entryHeaderBytes, key);
  return entry;
}

/** Adds a version that is newer than all others of its entry. */
export function addVersion(arena: Arena, entry: number, sequence: number, value: Value | undefined): void {
  const length = value === undefined ? 0 : value.length;
  const version = arena.allocate(versionHeaderBytes + length);
  const { bytes, words } = chunkAt(arena.chunks, version);
  const offset = offsetOf(version);
  const word = offset >>> 2;
  words[word] = newestVersion(arena.chunks, entry);
  words[word + 1] = value === undefined ? 0 : length + 1;
  words[word + 2] = sequence;
  words[word + 3] = sequence / 0x1_0000_0000;
  if (value !== undefined) bytes.set(value, offset + versionHeaderBytes);
  setNewestVersion(arena.chunks, entry, version);
}

export function newestVersion(chunks: readonly Chunk[], entry: number): number {
  return wordAt(chunkAt(chunks, entry).words, offsetOf(entry) >>> 2);
}

export function setNewestVersion(chunks: readonly Chunk[], entry: number, version: number): void {
  chunkAt(chunks, entry).words[offsetOf(entry) >>> 2] = version;
}

/** The next older version of the same key; 0 when there is none. */
export function olderVersion(chunks: readonly Chunk[], version: number): number {
  return wordAt(chunkAt(chunks, version).words, offsetOf(version) >>> 2);
}

export function sequenceOf(chunks: readonly Chunk[], version: number): number {
  const { words } = chunkAt(chunks, version);
  const word = offsetOf(version) >>> 2;
  return wordAt(words, word + 2) + wordAt(words, word + 3) * 0x1_0000_0000;
}

/** The value's length; -1 for a tombstone. */
export function valueLengthOf(chunks: readonly Chunk[], version: number): number {
  return wordAt(chunkAt(chunks, version).words, (offsetOf(version) >>> 2) + 1) - 1;
}

/** The newest version of an entry with sequence <= `sequenceMax`; 0 when there is none. */
export function versionAt(chunks: readonly Chunk[], entry: number, sequenceMax: number): number {
  return visibleVersion(chunks, newestVersion(chunks, entry), sequenceMax);
}

/** The newest of `newest` and the versions older than it with sequence <= `sequenceMax`; 0 when there is none. */
export function visibleVersion(chunks: readonly Chunk[], newest: number, sequenceMax: number): number {
  let version = newest;
  while (version !== 0 && sequenceOf(chunks, version) > sequenceMax) version = olderVersion(chunks, version);
  return version;
}
