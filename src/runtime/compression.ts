/** Compressed streams. The modules are loaded when they are first needed: they would cost a quarter of the program's start. */
import type { Transform } from "node:stream";

const zlib = () => process.getBuiltinModule("node:zlib");

export type Compression = "NONE" | "GZIP" | "ZSTD";

/** Bytes that are not what their compression says. */
export class CompressionError extends Error {}

type Chunks = AsyncIterable<Uint8Array>;

/** `chunks` as a gzip stream. */
export const gzipped = (chunks: Chunks): Chunks => through(chunks, zlib().createGzip());

/** `chunks` without their compression, in pieces of bounded size. Throws CompressionError for damaged ones, and what reading the chunks throws. */
export function decompressed(chunks: Chunks, compression: Compression): Chunks {
  if (compression === "NONE") return chunks;
  return through(chunks, compression === "GZIP" ? zlib().createGunzip() : zlib().createZstdDecompress());
}

async function* through(chunks: Chunks, transform: Transform): AsyncGenerator<Uint8Array, void> {
  const { pipeline, Readable } = process.getBuiltinModule("node:stream");
  let failure: unknown;
  const input = Readable.from(watched(chunks, (error) => (failure = error)));
  // Errors on either side come out of the transform, where they are met below.
  pipeline(input, transform, () => {});
  try {
    for await (const chunk of transform) yield chunk;
  } catch (error) {
    throw failure ?? new CompressionError(error instanceof Error ? error.message : String(error));
  } finally {
    transform.destroy();
  }
}

async function* watched(chunks: Chunks, failed: (error: unknown) => void): Chunks {
  try {
    yield* chunks;
  } catch (error) {
    failed(error);
    throw error;
  }
}
