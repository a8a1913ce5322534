import { expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { openStore } from "../../../storage/index.ts";
import { diskVfs } from "../../../storage/vfs/disk.ts";
import { ManualClock } from "../../support/manual-clock.ts";
import { withDirectory } from "../vfs/directory.ts";
import { smallStore } from "./small-store.ts";
import type { StoredFiles } from "./stored-files.ts";

const text = (content: string) => new TextEncoder().encode(content);

function write(directory: string, files: StoredFiles): void {
  for (const [path, bytes] of files) {
    mkdirSync(dirname(join(directory, path)), { recursive: true });
    writeFileSync(join(directory, path), bytes);
  }
}

/** Every file below `directory` with its content. */
function read(directory: string, prefix = ""): Map<string, string> {
  const found = new Map<string, string>();
  for (const name of readdirSync(join(directory, prefix)).sort()) {
    const path = join(prefix, name);
    if (statSync(join(directory, path)).isDirectory()) {
      found.set(path, "directory");
      for (const [inner, content] of read(directory, path)) found.set(inner, content);
    } else found.set(path, readFileSync(join(directory, path), "latin1"));
  }
  return found;
}

/** Opening the directory must fail like that and leave it exactly as it was; where there is a CURRENT, a lock may stay behind. */
async function expectRefusal(files: StoredFiles, error: object): Promise<void> {
  await withDirectory(async (directory) => {
    write(directory, files);
    const before = read(directory);
    await expect(openStore({ vfs: diskVfs(directory), clock: new ManualClock() })).rejects.toMatchObject(
      error,
    );
    const after = read(directory);
    if (files.has("CURRENT")) after.delete("LOCK");
    expect(after).toEqual(before);
  });
}

test("somebody else's directory is left alone, by the name of what it holds", async () => {
  for (const stranger of [
    "notes.txt",
    ".bashrc",
    "data.db",
    "CURRENT.old",
    "MANIFEST",
    "manifest-0000000001",
  ]) {
    await expectRefusal(new Map([[stranger, text("precious")]]), {
      kind: "foreign",
      message: expect.stringMatching(
        new RegExp(`is no data directory: it holds .*${stranger.replace(".", "\\.")}`),
      ),
    });
  }
  await expectRefusal(
    new Map([
      ["photos/a.jpg", text("precious")],
      ["wal/x", text("")],
    ]),
    { kind: "foreign" },
  );
});

test("another engine's CURRENT is no manifest of ours", async () => {
  const levelDb = new Map([
    ["CURRENT", text("MANIFEST-000004\n")],
    ["MANIFEST-000004", text("\x56\xf9\xb8\xf8\x1c")],
    ["000005.ldb", text("precious")],
  ]);
  await expectRefusal(levelDb, { kind: "corruption", file: "CURRENT" });
});

test("a data directory that lost its CURRENT is damaged, whatever is left of it", async () => {
  const { files } = await smallStore("closed");
  const rest = new Map(files);
  rest.delete("CURRENT");
  await expectRefusal(rest, { kind: "corruption", file: "CURRENT" });
  for (const kept of ["wal/", "sst/", "MANIFEST-"]) {
    const some = new Map([...rest].filter(([path]) => path.startsWith(kept)));
    expect(some.size).toBeGreaterThan(0);
    await expectRefusal(some, { kind: "corruption", file: "CURRENT" });
  }
});

test("an empty directory, and what an interrupted creation has left, become a store", async () => {
  for (const leftovers of [[], ["MANIFEST-0000000001"], ["CURRENT.tmp"]]) {
    await withDirectory(async (directory) => {
      write(directory, new Map(leftovers.map((path) => [path, text("")])));
      mkdirSync(join(directory, "wal"));
      const store = await openStore({ vfs: diskVfs(directory), clock: new ManualClock() });
      await store.createSpace(crypto.randomUUID());
      await store.close();
      const again = await openStore({ vfs: diskVfs(directory), clock: new ManualClock() });
      expect(again.spaces()).toHaveLength(1);
      await again.close();
      const names = readdirSync(directory).filter((name) => !name.startsWith("MANIFEST"));
      expect(names.sort()).toEqual(["CURRENT", "LOCK", "sst", "wal"]);
    });
  }
});
