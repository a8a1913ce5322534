/** What happens at the edges of the log's writers and readers that no ordinary log comes to. */
import { expect, test } from "bun:test";
import { Bytes, frameHeaderBytes } from "../../../storage/frame.ts";
import { openStore } from "../../../storage/index.ts";
import type { ManifestEdit } from "../../../storage/manifest/edit.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import {
  decodeFooter,
  footerFixedBytes,
  noPredecessor,
  segmentHeaderBytes,
  segmentPath,
} from "../../../storage/wal/format.ts";
import { FrameBuilder } from "../../../storage/wal/frame-builder.ts";
import { type WalOptions, WalWriter } from "../../../storage/wal/wal-writer.ts";
import { FaultyVfs } from "../../support/faulty-vfs.ts";
import { withMethod } from "../../support/with-method.ts";
import { resealFrames } from "../formats/reseal.ts";
import { storeId, writeManifest } from "../manifest/support.ts";
import { rowLog } from "./row-log.ts";
import { readLog } from "./scripted-log.ts";

const walOptions = (vfs: Vfs): WalOptions => ({
  vfs,
  storeId,
  mode: "sync",
  fillAheadBytes: 0,
  newSalt: () => [1, 2],
});

function newWriter() {
  const vfs = memoryVfs();
  vfs.makeDirectory("wal");
  const options = walOptions(vfs);
  return {
    vfs,
    writer: WalWriter.create(options, { predecessor: noPredecessor, firstSequence: 1, time: 1 }),
  };
}

test("a buffer that one large commit has blown up is given back", () => {
  const frame = new FrameBuilder(1 << 10);
  frame.beginCommit(0);
  frame.put(1, "key", new Uint8Array(100_000));
  frame.endCommit();
  expect(frame.bytes.array.length).toBeGreaterThan(100_000);
  frame.clear();
  expect(frame.bytes.array.length).toBe(1 << 10);
  expect(frame.payloadEnd).toBe(frameHeaderBytes);
});

test("a segment does not grow to 4 GiB: offsets have 32 bits", () => {
  const { writer } = newWriter();
  writer.segment.bytes = 2 ** 32 - 8;
  expect(() => writer.attest(1)).toThrow("less than 4 GiB");
});

test("a cut that the file system does not carry out is an error, not a hope", () => {
  const { vfs } = newWriter();
  const lying = withMethod(vfs, "create", (path: string) => withMethod(vfs.create(path), "size", () => 1));
  const writer = WalWriter.create(walOptions(lying), {
    predecessor: { ...noPredecessor, id: 1 },
    firstSequence: 1,
    time: 1,
  });
  expect(() => writer.cutToEnd()).toThrow("could not be cut");
});

test("a footer of another length than its feeds need is none", () => {
  const bytes = new Bytes(new Uint8Array(footerFixedBytes + 8));
  expect(decodeFooter(bytes, 0, footerFixedBytes - 1)).toBeUndefined();
  expect(decodeFooter(bytes, 0, footerFixedBytes + 4)).toBeUndefined();
  expect(decodeFooter(bytes, 0, footerFixedBytes)?.summary.feeds.size).toBe(0);
});

const id = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
const spaces = [1, 2].map((number): ManifestEdit => ({ kind: "spaceCreated", id: id(number), number }));

for (const [what, edits] of [
  ["space 1", []],
  ["feed 3", spaces],
] as const) {
  test(`a log that speaks of ${what}, which the manifest never knew, is damaged`, async () => {
    const { vfs } = await rowLog({ commits: 3, storeId });
    await writeManifest(vfs, [edits]);
    await expect(openStore({ vfs })).rejects.toMatchObject({
      kind: "corruption",
      file: "wal/0000000001.wal",
    });
    await expect(openStore({ vfs })).rejects.toThrow(`the log speaks of ${what}`);
  });
}

/** A log whose first segment is closed, with some bytes of its footer's payload changed and every checksum right. */
async function withFooter(change: (payload: DataView) => void) {
  const log = await rowLog({ commits: 6, rollEvery: 3 });
  const path = segmentPath(1);
  const file = log.vfs.open(path, "write");
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0);
  const end = log.frames.find(({ segment, lastSequence }) => segment === 1 && lastSequence === 3)?.end ?? 0;
  change(new DataView(bytes.buffer, end + frameHeaderBytes));
  resealFrames(bytes, segmentHeaderBytes);
  file.write(bytes, 0);
  file.close();
  return log;
}

const moreFeeds = (payload: DataView) => payload.setUint32(36, payload.getUint32(36, true) + 1, true);

test("a footer that does not describe the frames before it is damage", async () => {
  const { vfs } = await withFooter((payload) => payload.setUint8(8, 99));
  expect(() => readLog(vfs)).toThrow("the footer does not describe the frames before it");
});

test("a footer that does not fit its feeds is damage, whether the segment is read whole or not", async () => {
  const { vfs } = await withFooter(moreFeeds);
  expect(() => readLog(vfs)).toThrow("malformed footer");
  expect(() => readLog(vfs, { replayAfter: 6 })).toThrow("the segment has no footer");
});

test("nothing may follow the footer of the last segment", async () => {
  const log = await rowLog({ commits: 3 });
  await log.close();
  const file = log.vfs.open(segmentPath(1), "write");
  file.write(new Uint8Array([0, 0, 7]), file.size());
  file.close();
  expect(() => readLog(log.vfs, { closedSegment: 1 })).toThrow("something was written behind the footer");
});

for (const [fault, fits] of [
  ["no-space", true],
  ["io", false],
] as const) {
  test(`${fault} when zeros are written ahead: ${fits ? "the frame fitted, and that is enough" : "the log has failed"}`, () => {
    const vfs = memoryVfs();
    vfs.makeDirectory("wal");
    // The header of the segment is the first write, the frame the second.
    let writes = 0;
    const faulty = new FaultyVfs(vfs, ({ call }) => (call === "write" && ++writes === 3 ? fault : undefined));
    const options = { ...walOptions(faulty), fillAheadBytes: 1 << 10 };
    const writer = WalWriter.create(options, { predecessor: noPredecessor, firstSequence: 1, time: 1 });
    const frame = new FrameBuilder();
    frame.beginCommit(0);
    frame.put(1, "key", new Uint8Array(10));
    frame.endCommit();
    const append = () =>
      writer.append(frame, { firstSequence: 1, lastSequence: 1, firstTime: 1, lastTime: 1 });
    if (fits) expect(append()).toBe(segmentHeaderBytes);
    else expect(append).toThrow("failed by design");
    expect(writes).toBe(3);
  });
}
