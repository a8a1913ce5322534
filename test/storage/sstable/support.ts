import { BlockCache } from "../../../storage/sstable/block-cache.ts";
import { FilePool } from "../../../storage/sstable/file-pool.ts";
import type { SSTableInfo } from "../../../storage/sstable/format.ts";
import { SSTableReader } from "../../../storage/sstable/sstable-reader.ts";
import { SSTableWriter } from "../../../storage/sstable/sstable-writer.ts";
import type { Vfs } from "../../../storage/vfs/vfs.ts";
import { ArrayCursor, type Entry } from "../iterator/array-cursor.ts";

/** Writes entries (ascending, unique keys, at least one) as an SSTable. */
export function writeSSTable(
  vfs: Vfs,
  path: string,
  entries: readonly Entry[],
  blockBytes = 4096,
): SSTableInfo {
  const file = vfs.create(path);
  const writer = new SSTableWriter(file, { blockBytes });
  const cursor = new ArrayCursor(entries);
  for (let valid = cursor.seek(); valid; valid = cursor.next()) writer.add(cursor);
  while (!writer.finish());
  file.close();
  return writer.info();
}

export function openSSTable(vfs: Vfs, path: string, cacheBytesMax = 1 << 20): SSTableReader {
  return new SSTableReader(new FilePool(vfs), path, new BlockCache(cacheBytesMax));
}

/** The whole content of a file. */
export function readFile(vfs: Vfs, path: string): Uint8Array {
  const file = vfs.open(path, "read");
  const bytes = new Uint8Array(file.size());
  file.read(bytes, 0);
  file.close();
  return bytes;
}

export function writeFile(vfs: Vfs, path: string, bytes: Uint8Array): void {
  if (vfs.exists(path)) vfs.unlink(path);
  const file = vfs.create(path);
  file.write(bytes, 0);
  file.close();
}
