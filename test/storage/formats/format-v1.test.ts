import { describe, expect, test } from "bun:test";
import assert from "node:assert/strict";
import { cpSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { diskVfs, openStore, type Store, type StoreOptions, type Vfs } from "../../../storage/index.ts";
import { readManifest } from "../../../storage/manifest/reader.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import { verifySSTable } from "../../../storage/sstable/verify.ts";
import {
  describeInstants,
  describeStore,
  type FixtureDescription,
  fixtureTime,
  keepFeedsMs,
  restoreAndDescribe,
} from "../../fixtures/make.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { withDirectory } from "../vfs/directory.ts";

const fixture = join(import.meta.dirname, "../../fixtures/format-v1");
const { checkpoint, checkpointed, instants, ...expected }: FixtureDescription = JSON.parse(
  readFileSync(join(fixture, "expected.json"), "utf8"),
);
const items = "00000000-0000-4000-8000-000000000001";
const feed = "00000000-0000-4000-8000-000000000011";

function open(vfs: Vfs, options: Partial<StoreOptions> = {}): Promise<Store> {
  return openStore({ vfs, clock: new ManualClock(fixtureTime), feedRetentionMs: keepFeedsMs, ...options });
}

/** Commits a row with a change record, as a later version would; returns the record's position. */
async function writeOn(store: Store): Promise<string> {
  const row = { space: items, key: "written later" };
  const outcome = await store.transact({ reads: [row] }, () => ({
    kind: "commit",
    writes: [{ ...row, value: new Uint8Array([1, 2, 3]) }],
    changes: [{ feed, shard: 0, row, tag: new Uint8Array(0) }],
    deltas: [{ space: items, rows: 1, bytes: 3 }],
    result: undefined,
  }));
  assert(outcome.kind === "committed", outcome.kind);
  return outcome.positions[0] ?? "";
}

const configurations: readonly { readonly name: string; readonly options: Partial<StoreOptions> }[] = [
  { name: "with the default options", options: {} },
  {
    name: "with tiny files",
    options: { memtableBytesMax: 32 << 10, segmentBytesMax: 4 << 10, blockBytes: 256, logFillBytes: 0 },
  },
  { name: "without syncs", options: { durability: { mode: "off" } } },
];

for (const ending of ["killed", "closed"]) {
  describe(`a data directory of format 1, ${ending}`, () => {
    for (const { name, options } of configurations) {
      test(`opens ${name}, shows what it held, goes on, and holds that, too`, () =>
        withDirectory(async (directory) => {
          cpSync(join(fixture, ending), directory, { recursive: true });
          const vfs = diskVfs(directory);
          const store = await open(vfs, options);
          expect(await describeStore(store)).toEqual(expected);
          const position = await writeOn(store);
          const before = expected.feeds[`${feed}/0`]?.at(-1) ?? "";
          expect(position > before.slice(0, position.length)).toBe(true);
          const written = await describeStore(store);
          expect(written.feeds[`${feed}/0`]?.slice(0, -1)).toEqual([...(expected.feeds[`${feed}/0`] ?? [])]);
          expect(written.spaces[items]?.rows).toBe((expected.spaces[items]?.rows ?? 0) + 1);
          await store.close();
          const again = await open(vfs, options);
          expect(await describeStore(again)).toEqual(written);
          await again.close();
        }));
    }

    test("restores its checkpoint into new spaces", () =>
      withDirectory(async (directory) => {
        cpSync(join(fixture, ending), directory, { recursive: true });
        const store = await open(diskVfs(directory));
        expect(await restoreAndDescribe(store, checkpoint)).toEqual({ ...checkpointed });
        await store.close();
      }));

    test("restores the space whose past it keeps to instants of it", () =>
      withDirectory(async (directory) => {
        cpSync(join(fixture, ending), directory, { recursive: true });
        const store = await open(diskVfs(directory));
        const times = instants.map(({ time }) => time);
        expect(await describeInstants(store, times)).toEqual([...instants]);
        await store.close();
      }));

    test("has whole SSTables, with the hashes that its manifest names", () =>
      withDirectory((directory) => {
        cpSync(join(fixture, ending), directory, { recursive: true });
        const vfs = diskVfs(directory);
        const tables = [...(readManifest(vfs)?.state.tables() ?? [])];
        expect(tables.length).toBeGreaterThan(5);
        expect(new Set(tables.map(({ level }) => level)).size).toBeGreaterThan(1);
        const files = new FilePool(vfs);
        for (const { number, hash } of tables) {
          expect(verifySSTable(files, `sst/${String(number).padStart(10, "0")}.sst`)).toBe(hash);
        }
        files.close();
      }));
  });
}

test("the fixture holds something of everything", () => {
  expect(Object.values(expected.spaces).map(({ generation }) => generation)).toEqual([0, 0, 4, 12, 0]);
  expect(Object.values(expected.feeds).filter((records) => records.length > 0)).toHaveLength(4);
  expect(instants).toHaveLength(3);
  expect(readdirSync(join(fixture, "killed/archive"))).not.toHaveLength(0);
  expect(readdirSync(join(fixture, "closed/wal")).some((name) => name.endsWith(".idx"))).toBe(true);
  for (const { content } of Object.values(expected.spaces).slice(0, 2))
    expect(content.length).toBeGreaterThan(30);
});
