import { afterEach, describe, expect, test } from "bun:test";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { StorageError, type StorageErrorKind } from "../../../storage/errors.ts";
import { diskVfs } from "../../../storage/vfs/disk.ts";
import { memoryVfs } from "../../../storage/vfs/memory.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { CrashVfs } from "../../support/crash-vfs.ts";
import { FaultyVfs } from "../../support/faulty-vfs.ts";

const directories: string[] = [];

function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "walnut-"));
  directories.push(directory);
  return directory;
}

afterEach(() => {
  for (const directory of directories.splice(0)) rmSync(directory, { recursive: true });
});

interface Implementation {
  readonly name: string;
  readonly open: () => Vfs;
  /** Only what the engine itself needs: the doubles of the crash tests are no more than that. */
  readonly isDouble: boolean;
}

const implementations: readonly Implementation[] = [
  { name: "disk", open: () => diskVfs(newDirectory()), isDouble: false },
  { name: "memory", open: memoryVfs, isDouble: false },
  { name: "the double that crashes", open: () => new CrashVfs(), isDouble: true },
  { name: "the double that fails", open: () => new FaultyVfs(memoryVfs(), () => undefined), isDouble: false },
];

const bytes = (text: string) => new TextEncoder().encode(text);

function write(vfs: Vfs, path: string, text: string): void {
  const file = vfs.create(path);
  file.write(bytes(text), 0);
  file.close();
}

function read(vfs: Vfs, path: string): string {
  const file = vfs.open(path, "read");
  try {
    const into = new Uint8Array(file.size());
    expect(file.read(into, 0)).toBe(into.length);
    return new TextDecoder().decode(into);
  } finally {
    file.close();
  }
}

/** The call must throw a StorageError of that kind which names `path`. */
function expectError(kind: StorageErrorKind, path: string, call: () => unknown): void {
  let thrown: unknown;
  try {
    call();
  } catch (error) {
    thrown = error;
  }
  if (!(thrown instanceof StorageError)) throw new Error(`no StorageError but ${thrown}`);
  expect({ kind: thrown.kind, message: thrown.message }).toEqual({
    kind,
    message: expect.stringContaining(path),
  });
}

type Step =
  | { readonly kind: "write"; readonly at: number; readonly length: number; readonly byte: number }
  | { readonly kind: "truncate"; readonly size: number }
  | { readonly kind: "read"; readonly at: number; readonly length: number };

/** Around the places where files in memory change from one chunk to the next, and anywhere. */
const offset = fc.oneof(
  fc.nat(600_000),
  fc
    .constantFrom(0, 4096, 262_144, 524_288)
    .chain((edge) => fc.integer({ min: Math.max(0, edge - 3), max: edge + 3 })),
);
/** Nothing writes nothing. */
const length = fc.oneof(fc.integer({ min: 1, max: 100 }), fc.integer({ min: 1, max: 300_000 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("write" as const),
      at: offset,
      length,
      byte: fc.integer({ min: 1, max: 255 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("truncate" as const), size: offset }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("read" as const), at: offset, length }) },
);

for (const { name, open, isDouble } of implementations) {
  const testUnlessDouble = isDouble ? () => {} : test;

  describe(name, () => {
    test("a file is made once", () => {
      const vfs = open();
      write(vfs, "a", "one");
      expectError("io", "a", () => vfs.create("a"));
      expect(read(vfs, "a")).toBe("one");
    });

    test("missing files and directories are not found, whatever is tried with them", () => {
      const vfs = open();
      write(vfs, "there", "x");
      expectError("not-found", "a", () => vfs.open("a", "read"));
      expectError("not-found", "a", () => vfs.open("a", "write"));
      expectError("not-found", "a", () => vfs.unlink("a"));
      expectError("not-found", "a", () => vfs.rename("a", "b"));
      expectError("not-found", "a", () => vfs.link("a", "b"));
      expectError("not-found", "no/a", () => vfs.create("no/a"));
      expectError("not-found", "no/a", () => vfs.open("no/a", "read"));
      expectError("not-found", "no", () => vfs.list("no"));
      expectError("not-found", "no", () => vfs.syncDirectory("no"));
      expect(vfs.exists("a")).toBe(false);
      expect(vfs.list("")).toEqual(["there"]);
    });

    test("reads are short at the end of the file, and only there", () => {
      const vfs = open();
      write(vfs, "a", "0123456789");
      const file = vfs.open("a", "read");
      const into = new Uint8Array(4).fill(0xee);
      expect(file.read(into, 2)).toBe(4);
      expect(into).toEqual(bytes("2345"));
      expect(file.read(into, 8)).toBe(2);
      expect(into).toEqual(bytes("8945"));
      expect(file.read(into, 10)).toBe(0);
      expect(file.read(into, 1_000)).toBe(0);
      expect(file.read(new Uint8Array(0), 0)).toBe(0);
      expect(into).toEqual(bytes("8945"));
      file.close();
    });

    test("any writes, truncations and reads are those of an array of bytes", () => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 12, size: "max" }), (steps) => {
          const vfs = open();
          const file = vfs.create("a");
          const model = new Uint8Array(1_000_000);
          let size = 0;
          for (const next of steps) {
            if (next.kind === "write") {
              file.write(new Uint8Array(next.length).fill(next.byte), next.at);
              model.fill(next.byte, next.at, next.at + next.length);
              size = Math.max(size, next.at + next.length);
            } else if (next.kind === "truncate") {
              file.truncate(next.size);
              model.fill(0, next.size);
              size = next.size;
            } else {
              const into = new Uint8Array(next.length);
              const count = file.read(into, next.at);
              const expected = model.subarray(
                next.at,
                Math.max(next.at, Math.min(size, next.at + next.length)),
              );
              expect(Buffer.compare(into.subarray(0, count), expected)).toBe(0);
            }
            expect(file.size()).toBe(size);
          }
          const whole = new Uint8Array(size);
          expect(file.read(whole, 0)).toBe(size);
          expect(Buffer.compare(whole, model.subarray(0, size))).toBe(0);
          file.close();
          vfs.unlink("a");
        }),
        { numRuns: 60 * Number(process.env["VOLUME"] ?? 1) },
      );
    });

    test("what is written may be changed afterwards: the file has its own copy", () => {
      const vfs = open();
      const file = vfs.create("a");
      const buffer = bytes("before");
      file.write(buffer, 0);
      buffer.fill(0);
      expect(read(vfs, "a")).toBe("before");
      file.close();
    });

    test("a rename replaces what had the name; who has that open keeps it", () => {
      const vfs = open();
      write(vfs, "old", "old");
      write(vfs, "new", "new content");
      const held = vfs.open("old", "read");
      vfs.rename("new", "old");
      expect(vfs.list("")).toEqual(["old"]);
      expect(read(vfs, "old")).toBe("new content");
      expect(held.size()).toBe(3);
      held.close();
    });

    test("an open file may be renamed, and goes on", () => {
      const vfs = open();
      const file = vfs.create("new.tmp");
      file.write(bytes("one"), 0);
      vfs.rename("new.tmp", "final");
      file.write(bytes(" two"), 3);
      file.datasyncNow();
      file.close();
      expect(read(vfs, "final")).toBe("one two");
    });

    test("a file removed while it is open stays readable and writable for its holder", () => {
      const vfs = open();
      write(vfs, "a", "content");
      const held = vfs.open("a", "write");
      vfs.unlink("a");
      expect(vfs.exists("a")).toBe(false);
      const into = new Uint8Array(7);
      held.write(bytes("C"), 0);
      expect(held.read(into, 0)).toBe(7);
      expect(into).toEqual(bytes("Content"));
      write(vfs, "a", "another");
      expect(held.read(into, 0)).toBe(7);
      expect(into).toEqual(bytes("Content"));
      held.close();
      expect(read(vfs, "a")).toBe("another");
    });

    test("a link is another name of the same file", () => {
      const vfs = open();
      write(vfs, "a", "content");
      vfs.link("a", "b");
      expect(vfs.list("")).toEqual(["a", "b"]);
      vfs.unlink("a");
      expect(read(vfs, "b")).toBe("content");
    });

    testUnlessDouble("a link never replaces a file", () => {
      const vfs = open();
      write(vfs, "a", "a");
      write(vfs, "b", "b");
      expectError("io", "b", () => vfs.link("a", "b"));
      expect(read(vfs, "b")).toBe("b");
    });

    test("directories list their own entries, sorted, and are made again without harm", () => {
      const vfs = open();
      vfs.makeDirectory("wal");
      for (const name of ["wal/b", "wal/10", "wal/9", "wal/a", "z", "A"]) write(vfs, name, "x");
      vfs.makeDirectory("wal");
      expect(vfs.list("wal")).toEqual(["10", "9", "a", "b"]);
      expect(vfs.list("")).toEqual(["A", "wal", "z"]);
      expect(vfs.exists("wal")).toBe(true);
      expect(vfs.exists("wal/a")).toBe(true);
      expect(vfs.exists("wal/z")).toBe(false);
    });

    testUnlessDouble("directories nest, and files move between them", () => {
      const vfs = open();
      vfs.makeDirectory("x/y");
      write(vfs, "x/y/a", "a");
      vfs.rename("x/y/a", "b");
      expect(vfs.list("x")).toEqual(["y"]);
      expect(vfs.list("x/y")).toEqual([]);
      expect(read(vfs, "b")).toBe("a");
      expectError("not-found", "no", () => vfs.rename("b", "no/b"));
      expect(read(vfs, "b")).toBe("a");
    });

    test("syncs of files and directories succeed", async () => {
      const vfs = open();
      vfs.makeDirectory("sst");
      const file = vfs.create("sst/a");
      file.write(bytes("x"), 0);
      await file.datasync();
      file.datasyncNow();
      vfs.syncDirectory("sst");
      vfs.syncDirectory("");
      file.close();
    });
  });
}

describe("on disk", () => {
  test("a full device is told from every other failure", () => {
    if (!existsSync("/dev/full")) return;
    const file = diskVfs("/dev").open("full", "write");
    expectError("no-space", "full", () => file.write(bytes("x"), 0));
    file.close();
  });

  test("other failed calls are io errors that name the call, the file and the cause", () => {
    const vfs = diskVfs(newDirectory());
    vfs.makeDirectory("sst");
    expectError("io", "sst: open failed: EISDIR", () => vfs.open("sst", "write"));
    const file = vfs.create("a");
    expectError("io", "a", () => vfs.list("a"));
    file.close();
    const reader = vfs.open("a", "read");
    expectError("io", "a: write failed: EBADF", () => reader.write(bytes("x"), 0));
    reader.close();
  });

  test("the directory is made when it is missing, and its free space is known", () => {
    const directory = join(newDirectory(), "a", "b");
    const vfs = diskVfs(directory);
    expect(existsSync(directory)).toBe(true);
    expect(vfs.root).toBe(directory);
    expect(vfs.freeBytes()).toBeGreaterThan(0);
  });
});
