/** A directory in the place of S3, with one bucket, for the tests of exports and imports. Not against another implementation. */
import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { JsonObject } from "./target.ts";

export const BUCKET = "bucket-1";

export interface BucketFolder {
  /** For --s3-dir. */
  readonly directory: string;
  put(key: string, content: string | Uint8Array): void;
  /** All keys, sorted. */
  keys(): string[];
  text(key: string): string;
  /** The lines of all data files below a folder, parsed. */
  lines(folder: string): JsonObject[];
  remove(): void;
}

export function makeBucket(): BucketFolder {
  const directory = mkdtempSync(join(tmpdir(), "walnut-s3-"));
  const root = join(directory, BUCKET);
  mkdirSync(root);
  const keys = () =>
    readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length + 1))
      .sort();
  return {
    directory,
    keys,
    put: (key, content) => {
      mkdirSync(dirname(join(root, key)), { recursive: true });
      writeFileSync(join(root, key), content);
    },
    text: (key) => readFileSync(join(root, key), "utf8"),
    lines: (folder) =>
      keys()
        .filter((key) => key.startsWith(`${folder}/data/`))
        .flatMap((key) =>
          gunzipSync(readFileSync(join(root, key)))
            .toString("utf8")
            .split("\n"),
        )
        .filter((line) => line !== "")
        .map((line) => JSON.parse(line) as JsonObject),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

/** Asks again and again until an export or import has ended; returns its description. */
export async function untilEnded(describe: () => Promise<JsonObject>): Promise<JsonObject> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const description = await describe();
    if ((description["ExportStatus"] ?? description["ImportStatus"]) !== "IN_PROGRESS") return description;
    assert(performance.now() < deadline, `it does not end: ${JSON.stringify(description)}`);
    await Bun.sleep(5);
  }
}
