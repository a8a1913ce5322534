import { unpack } from "msgpackr";
import { corruption, StorageError } from "../errors.ts";
import { Bytes, findFrame, frameSalt, judgeTail, readFrame } from "../frame.ts";
import type { Vfs } from "../vfs/vfs.ts";
import { isKnownEdit, type ManifestEdit } from "./edit.ts";
import {
  currentPath,
  decodeCurrent,
  decodeManifestHeader,
  type ManifestHeader,
  manifestHeaderBytes,
  manifestPath,
  recordKind,
} from "./format.ts";
import { ManifestState } from "./state.ts";

export interface ReadManifest {
  readonly number: number;
  readonly header: ManifestHeader;
  readonly state: ManifestState;
}

function readFile(vfs: Vfs, path: string): Uint8Array {
  const file = vfs.open(path, "read");
  try {
    const array = new Uint8Array(file.size());
    return array.subarray(0, file.read(array, 0));
  } finally {
    file.close();
  }
}

/** The number of the manifest that CURRENT names; undefined when there is no CURRENT. Throws on damage. */
export function readCurrent(vfs: Vfs): number | undefined {
  if (!vfs.exists(currentPath)) return undefined;
  const number = decodeCurrent(readFile(vfs, currentPath));
  if (number === undefined) throw corruption(currentPath, 0, "it does not name a manifest");
  return number;
}

/** Reads the manifest that CURRENT names; undefined when there is no CURRENT. Throws on damage. */
export function readManifest(vfs: Vfs): ReadManifest | undefined {
  const number = readCurrent(vfs);
  return number === undefined ? undefined : readManifestFile(vfs, number);
}

/**
 * Reads one manifest; throws on damage. With `recordsMax`, no more than so many records. `onRecord` hears how many are whole, one by one.
 */
export function readManifestFile(
  vfs: Vfs,
  number: number,
  recordsMax = Number.POSITIVE_INFINITY,
  onRecord?: (records: number) => void,
): ReadManifest {
  const path = manifestPath(number);
  if (!vfs.exists(path)) throw corruption(path, 0, "CURRENT names this file, and it is missing");
  const bytes = new Bytes(readFile(vfs, path));
  const header = decodeManifestHeader(bytes, path);
  const state = new ManifestState();
  const snapshot = { at: manifestHeaderBytes, record: 0 };
  applyRecords({ path, bytes, salt: header.salt }, state, snapshot, recordsMax, onRecord);
  return { number, header, state };
}

/**
 * Reads a manifest whose header or first record is damaged, given the one before it: what that one says in the end is what the first record
 * said. Takes over its state. Throws on further damage.
 */
export function readManifestAfter(vfs: Vfs, before: ReadManifest): ReadManifest {
  const { header, state } = before;
  const number = before.number + 1;
  const path = manifestPath(number);
  const bytes = new Bytes(readFile(vfs, path));
  const salt = frameSalt(bytes, manifestHeaderBytes) ?? decodeManifestHeader(bytes, path).salt;
  // A store that is open has no last segment.
  state.closedSegment = 0;
  const next = findFrame(bytes, manifestHeaderBytes + 8, salt);
  if (next !== undefined) {
    if (next.firstSequence !== 1)
      throw corruption(path, manifestHeaderBytes, "the second record is damaged too");
    applyRecords({ path, bytes, salt }, state, { at: next.offset, record: 1 });
  }
  return { number, header: { storeId: header.storeId, salt }, state };
}

interface ManifestBytes {
  readonly path: string;
  readonly bytes: Bytes;
  readonly salt: readonly [number, number];
}

/** Applies the records from `from` on, as far as they were ever durable. */
function applyRecords(
  { path, bytes, salt }: ManifestBytes,
  state: ManifestState,
  from: { readonly at: number; readonly record: number },
  recordsMax = Number.POSITIVE_INFINITY,
  onRecord?: (records: number) => void,
): void {
  let records = from.record;
  for (let at = from.at; records < recordsMax; onRecord?.(records)) {
    const frame = readFrame(bytes, at, salt);
    if (typeof frame === "string") {
      if (records === 0) throw corruption(path, at, `the snapshot is damaged: ${frame}`);
      judgeTail(bytes, at, salt, path, frame);
      return;
    }
    if (frame.kind !== recordKind) throw unknown(path, at, `frames of kind ${frame.kind}`);
    if (frame.firstSequence !== records) {
      throw corruption(path, at, "the record is not the one that belongs here");
    }
    const payload = bytes.array.subarray(frame.payloadStart, frame.payloadEnd);
    for (const edit of decodeEdits(payload, path, at)) {
      const problem = applied(state, edit);
      if (problem !== undefined) throw corruption(path, at, problem);
    }
    at = frame.end;
    records += 1;
  }
}

function decodeEdits(payload: Uint8Array, path: string, at: number): readonly ManifestEdit[] {
  let edits: unknown;
  try {
    edits = unpack(payload);
  } catch (cause) {
    throw corruption(path, at, `the record does not decode: ${String(cause)}`);
  }
  if (!Array.isArray(edits)) throw corruption(path, at, "the record is no list of edits");
  for (const edit of edits) {
    if (!isKnownEdit(edit)) throw unknown(path, at, `edits of kind ${edit?.kind}`);
  }
  return edits;
}

/** Takes the edit over; returns what is wrong with it, if it does not fit the state or lacks a part. */
function applied(state: ManifestState, edit: ManifestEdit): string | undefined {
  try {
    return state.apply(edit);
  } catch (cause) {
    return `malformed edit ${edit.kind}: ${String(cause)}`;
  }
}

function unknown(path: string, offset: number, what: string): StorageError {
  const message = `${path} at byte ${offset}: ${what} are not known to this version`;
  return new StorageError("foreign", message, { file: path, offset });
}
