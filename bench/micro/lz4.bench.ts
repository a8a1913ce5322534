/** What decoding a data block costs, by our own decoder and by lz4-napi's: `bun bench/micro/lz4.bench.ts`. */
import { uncompressSync } from "lz4-napi";
import { bench, run, summary } from "mitata";
import { decodeBlock, inputRoom } from "../../storage/lz4/decoder.ts";
import { compress } from "../../storage/sstable/compression.ts";
import { benchItem } from "../support/requests.ts";

const BLOCK_BYTES = 8 << 10;
/** `u32 length | lz4 block`. */
const LENGTH_BYTES = 4;

/** Items as blocks hold them, which compress to about half. */
const plain = Buffer.from(
  Array.from({ length: 10 }, (_, at) => JSON.stringify(benchItem(at, at * 977))).join(""),
).subarray(0, BLOCK_BYTES);
const stored = compress(plain);
if (stored === undefined) throw new Error("the block does not compress");
console.log(`a block of ${plain.length} bytes, compressed to ${stored.length}`);

// Decoding leaves its input as it is.
inputRoom(stored.length).set(stored);
summary(() => {
  bench("lz4-napi, into memory of its own", () =>
    uncompressSync(Buffer.from(stored.buffer, stored.byteOffset, stored.length)),
  );
  bench("ours, the input copied to it", () => decodeBlock(stored, LENGTH_BYTES, plain.length));
  bench("ours, the input read to where it is decoded", () => {
    return decodeBlock(inputRoom(stored.length), LENGTH_BYTES, plain.length);
  });
});
await run();
