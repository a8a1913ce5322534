import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { pack } from "msgpackr";
import { StorageError } from "../../../storage/errors.ts";
import { alignFrame, Bytes, frameHeaderBytes, sealFrame } from "../../../storage/frame.ts";
import { encodeCurrent, manifestPath } from "../../../storage/manifest/format.ts";
import { readManifest } from "../../../storage/manifest/reader.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import {
  fileOf,
  filesOf,
  type StoredFiles,
  vfsOf,
  withCut,
  withFile,
  withFlip,
} from "../formats/stored-files.ts";
import { describeState } from "./arbitrary-edits.ts";
import { readBack, someRecords, writeManifest } from "./support.ts";

const path = manifestPath(1);

interface Written {
  readonly files: StoredFiles;
  /** What the manifest says after its snapshot and each record, and where that ends. */
  readonly states: readonly { readonly state: unknown; readonly end: number }[];
}

async function written(): Promise<Written> {
  const states: { state: unknown; end: number }[] = [];
  let files: StoredFiles = new Map();
  for (let count = 0; count <= someRecords.length; count++) {
    const vfs = memoryVfs();
    await writeManifest(vfs, someRecords.slice(0, count));
    files = filesOf(vfs);
    states.push({ state: describeState(readBack(vfs).state), end: fileOf(files, path).length });
  }
  return { files, states };
}

/** What a reader makes of these files: which of the states, or its error. */
function outcomeOf(files: StoredFiles, { states }: Written): number | StorageError {
  let state: unknown;
  try {
    state = describeState(readBack(vfsOf(files)).state);
  } catch (error) {
    assert(error instanceof StorageError, `not a StorageError: ${error}`);
    assert(error.file !== undefined && error.message.includes(error.file), `no file: ${error.message}`);
    assert(error.offset !== undefined, `no offset: ${error.message}`);
    return error;
  }
  const found = states.findIndex((known) => Bun.deepEquals(known.state, state));
  assert(found >= 0, `a state that never was: ${Bun.inspect(state)}`);
  return found;
}

function expectDamage(outcome: number | StorageError, file: string): void {
  expect(outcome).toMatchObject({ kind: "corruption", file });
}

describe("a damaged manifest", () => {
  test("cut at any byte, says what its whole records say", async () => {
    const manifest = await written();
    const { files, states } = manifest;
    const { length } = fileOf(files, path);
    const snapshotEnd = states[0]?.end ?? 0;
    let cuts = 0;
    for (let size = 0; size < length; size++) {
      const outcome = outcomeOf(withCut(files, path, size), manifest);
      if (size < snapshotEnd) expectDamage(outcome, path);
      else expect(outcome).toBe(states.findLastIndex(({ end }) => end <= size));
      cuts += 1;
    }
    console.log(`${cuts} cuts of a manifest`);
    expect(cuts).toBeGreaterThan(1_000);
  });

  test("with any bit flipped, is refused, but for its last record", async () => {
    const manifest = await written();
    const { files, states } = manifest;
    const last = states.length - 1;
    const lastStart = states[last - 1]?.end ?? 0;
    const { length } = fileOf(files, path);
    let flips = 0;
    for (let bit = 0; bit < length * 8; bit++) {
      await withFlip(files, path, bit, (flipped) => {
        const outcome = outcomeOf(flipped, manifest);
        if (bit >> 3 < lastStart) expectDamage(outcome, path);
        // The close is only believed when it is whole; without it the store counts as killed.
        else expect(outcome).toBe(last - 1);
      });
      flips += 1;
    }
    console.log(`${flips} bits of a manifest flipped`);
    expect(flips).toBeGreaterThan(8_000);
  });

  test("with zeros or noise behind its records, says the same", async () => {
    const manifest = await written();
    const whole = fileOf(manifest.files, path);
    for (const byte of [0, 0xa5]) {
      const longer = new Uint8Array(whole.length + 4_096).fill(byte);
      longer.set(whole);
      expect(outcomeOf(withFile(manifest.files, path, longer), manifest)).toBe(someRecords.length);
    }
  });

  test("with a record missing, is refused: they are numbered", async () => {
    const manifest = await written();
    const [, first, second] = manifest.states;
    assert(first !== undefined && second !== undefined, "there are records");
    const whole = fileOf(manifest.files, path);
    const shorter = new Uint8Array(whole.length - (second.end - first.end));
    shorter.set(whole.subarray(0, first.end));
    shorter.set(whole.subarray(second.end), first.end);
    expectDamage(outcomeOf(withFile(manifest.files, path, shorter), manifest), path);
  });
});

describe("CURRENT", () => {
  test("with any bit flipped or cut at any byte, is damaged", async () => {
    const manifest = await written();
    const current = fileOf(manifest.files, "CURRENT");
    for (let bit = 0; bit < current.length * 8; bit++) {
      await withFlip(manifest.files, "CURRENT", bit, (flipped) =>
        expectDamage(outcomeOf(flipped, manifest), "CURRENT"),
      );
    }
    for (let size = 0; size < current.length; size++) {
      expectDamage(outcomeOf(withCut(manifest.files, "CURRENT", size), manifest), "CURRENT");
    }
    const longer = new Uint8Array(current.length + 1);
    longer.set(current);
    expectDamage(outcomeOf(withFile(manifest.files, "CURRENT", longer), manifest), "CURRENT");
  });

  test("that names a missing file is damage of that file", async () => {
    const manifest = await written();
    const nowhere = withFile(manifest.files, "CURRENT", encodeCurrent(7));
    expectDamage(outcomeOf(nowhere, manifest), manifestPath(7));
  });

  test("is no manifest's last word when it is missing", () => {
    expect(readManifest(memoryVfs())).toBeUndefined();
  });
});

/** The files with one more frame, its checksums right. */
function withFrame(files: StoredFiles, kind: number, payload: Uint8Array): StoredFiles {
  const whole = fileOf(files, path);
  const { header } = readBack(vfsOf(files));
  const payloadEnd = frameHeaderBytes + payload.length;
  const frame = new Bytes(new Uint8Array(alignFrame(payloadEnd)));
  frame.array.set(payload, frameHeaderBytes);
  const firstSequence = someRecords.length + 1;
  sealFrame(frame, payloadEnd, header.salt, {
    kind,
    firstSequence,
    time: 0,
    syncedUpTo: whole.length,
    count: 1,
  });
  const longer = new Uint8Array(whole.length + frame.array.length);
  longer.set(whole);
  longer.set(frame.array, whole.length);
  return withFile(files, path, longer);
}

describe("a manifest with a whole frame that makes no sense", () => {
  test("of a kind that is not known, or with edits that are not, is of a newer version", async () => {
    const manifest = await written();
    const edits = pack([{ kind: "spaceRenamed", number: 1 }]);
    for (const files of [withFrame(manifest.files, 1, edits), withFrame(manifest.files, 2, pack([]))]) {
      expect(outcomeOf(files, manifest)).toMatchObject({ kind: "foreign", file: path });
    }
    expect(outcomeOf(withFrame(manifest.files, 1, pack([])), manifest)).toBe(someRecords.length);
  });

  test("because it is not MessagePack, or no list, is damaged", async () => {
    const manifest = await written();
    const payloads = [
      new Uint8Array(0),
      new Uint8Array([0xc1]),
      pack({ kind: "closed" }),
      pack(null),
      new Uint8Array([0xdd, 255, 255, 255, 255]),
    ];
    for (const payload of payloads) {
      expectDamage(outcomeOf(withFrame(manifest.files, 1, payload), manifest), path);
    }
  });
});
