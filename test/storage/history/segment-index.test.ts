import { expect, test } from "bun:test";
import assert from "node:assert/strict";
import { readIndexFile } from "../../../storage/history/index-file.ts";
import { LoggedSegment } from "../../../storage/history/logged-segment.ts";
import { IndexBuilder, type SegmentIndex } from "../../../storage/history/segment-index.ts";
import { memoryVfs, type Vfs } from "../../../storage/index.ts";
import { readManifest } from "../../../storage/manifest/reader.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import { indexPath, parseSegmentName } from "../../../storage/wal/format.ts";
import { readSegmentHeader, scanSegment } from "../../../storage/wal/segment-reader.ts";
import { seededRandom } from "../../support/seeded-random.ts";
import { checkState, Workload } from "../crash/workload.ts";
import { readFile } from "../sstable/support.ts";

function describeIndex(index: SegmentIndex): unknown {
  const shards = [...index.shards()].map((list) => {
    const { feed, shard, lastSequence, lastOrdinal } = list;
    const frames = Array.from({ length: list.length }, (_, i) => [list.sequence(i), list.offset(i)]);
    return { feed, shard, lastSequence, lastOrdinal, frames };
  });
  const feeds = [...index.contents.feeds].map(([feed, shares]) => [feed, [...shares.keys()]]);
  return { shards, feeds, spaces: index.contents.spaces, marks: index.marks };
}

function scanned(vfs: Vfs, id: number, storeId: Uint8Array) {
  const builder = new IndexBuilder();
  const { segment } = scanSegment(vfs, readSegmentHeader(vfs, id, storeId), builder);
  return { segment, index: builder.index };
}

async function filled(vfs: Vfs): Promise<Workload> {
  const workload = new Workload(vfs);
  await workload.open();
  await workload.setUp();
  for (const together of [1, 4, 9]) await workload.commits(40, together);
  await workload.settle();
  return workload;
}

function storeIdOf(vfs: Vfs): Uint8Array {
  const manifest = readManifest(vfs);
  assert(manifest !== undefined);
  return manifest.header.storeId;
}

const idsIn = (vfs: Vfs) =>
  vfs.list("wal").flatMap((name) => {
    const id = parseSegmentName(name);
    return id !== undefined && vfs.exists(indexPath(id)) ? [id] : [];
  });

test("the index beside a closed segment says what reading the segment says", async () => {
  const vfs = memoryVfs();
  const workload = await filled(vfs);
  const ids = idsIn(vfs);
  expect(ids.length).toBeGreaterThan(2);
  for (const id of ids) {
    const { segment, index } = scanned(vfs, id, storeIdOf(vfs));
    const stored = readIndexFile(vfs, segment);
    assert(stored !== undefined, `segment ${id} has its index`);
    expect(describeIndex(stored)).toEqual(describeIndex(index));
  }
  await workload.store.close();
});

test("an index that is missing, damaged or of another segment is made again", async () => {
  const vfs = memoryVfs();
  const workload = await filled(vfs);
  const random = seededRandom(11);
  const [id, other] = idsIn(vfs);
  assert(id !== undefined && other !== undefined);
  const path = indexPath(id);
  const bytes = readFile(vfs, path);
  const { segment, index } = scanned(vfs, id, storeIdOf(vfs));
  const put = (content: Uint8Array | undefined) => {
    if (vfs.exists(path)) vfs.unlink(path);
    if (content === undefined) return;
    const file = vfs.create(path);
    file.write(content, 0);
    file.close();
  };
  const flipped = () => {
    const changed = bytes.slice();
    const at = Math.floor(random() * changed.length);
    changed[at] = (changed[at] ?? 0) ^ (1 << Math.floor(random() * 8));
    return changed;
  };
  const bad = [undefined, new Uint8Array(0), bytes.slice(0, -1), readFile(vfs, indexPath(other))];
  for (const content of [...bad, ...Array.from({ length: 200 }, flipped)]) {
    put(content);
    const files = { vfs, files: new FilePool(vfs), storeId: storeIdOf(vfs) };
    expect(describeIndex(new LoggedSegment(files, segment).index)).toEqual(describeIndex(index));
    expect(readFile(vfs, path).length).toBeGreaterThan(48);
  }
  await workload.store.close();
});

test("a store whose indexes are all gone or garbage answers the same", async () => {
  const vfs = memoryVfs();
  const workload = await filled(vfs);
  await workload.store.close();
  for (const [i, id] of idsIn(vfs).entries()) {
    vfs.unlink(indexPath(id));
    if (i % 2 === 0) continue;
    const file = vfs.create(indexPath(id));
    file.write(new Uint8Array(500).fill(3), 0);
    file.close();
  }
  await workload.open();
  const n = workload.acknowledged;
  expect(await checkState(workload.store, n, n, true)).toBe(n);
  await workload.store.close();
});
