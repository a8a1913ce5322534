import { unpack } from "msgpackr";
import { readLatin1 } from "../encoding.ts";
import { corruption } from "../errors.ts";
import { Bytes, judgeTail, readFrame } from "../frame.ts";
import type { Vfs } from "../vfs/vfs.ts";
import type { ManifestEdit } from "./edit.ts";
import {
  currentPath,
  decodeManifestHeader,
  type ManifestHeader,
  manifestHeaderBytes,
  manifestPath,
  parseManifestName,
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

/** Reads the manifest that CURRENT names; undefined when there is no CURRENT. Throws on damage. */
export function readManifest(vfs: Vfs): ReadManifest | undefined {
  if (!vfs.exists(currentPath)) return undefined;
  const current = readFile(vfs, currentPath);
  const line = readLatin1(current, 0, current.length);
  const number = parseManifestName(line.slice(0, -1));
  if (number === undefined || !line.endsWith("\n")) {
    throw corruption(currentPath, 0, "it does not name a manifest");
  }
  const path = manifestPath(number);
  if (!vfs.exists(path)) throw corruption(path, 0, "CURRENT names this file, and it is missing");
  const bytes = new Bytes(readFile(vfs, path));
  const header = decodeManifestHeader(bytes, path);
  const state = new ManifestState();
  let records = 0;
  for (let at = manifestHeaderBytes; ; records += 1) {
    const frame = readFrame(bytes, at, header.salt);
    if (typeof frame === "string") {
      if (records === 0) throw corruption(path, at, `the snapshot is damaged: ${frame}`);
      judgeTail(bytes, at, header.salt, path, frame);
      return { number, header, state };
    }
    if (frame.kind !== recordKind || frame.firstSequence !== records) {
      throw corruption(path, at, "the record is not the one that belongs here");
    }
    const edits = unpack(bytes.array.subarray(frame.payloadStart, frame.payloadEnd)) as ManifestEdit[];
    for (const edit of edits) {
      const problem = state.apply(edit);
      if (problem !== undefined) throw corruption(path, at, problem);
    }
    at = frame.end;
  }
}
