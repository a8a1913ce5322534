/** An import reads its objects no further than it has come with their lines, and whatever is in them it comes to an end, with counts that add up. */
import { expect, test } from "bun:test";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { Objects } from "../../src/runtime/objects.ts";
import { NO_COUNTS } from "../../src/transfer/import-record.ts";
import { decodeRow } from "../../src/values/item-codec.ts";
import { seededRandom } from "../support/seeded-random.ts";
import { loadOf, scene } from "./scene.ts";

const ROUNDS = 300 * Number(process.env["VOLUME"] ?? 1);
const SEED = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e9));
const CHUNK_BYTES = 256 << 10;
const CHUNKS = 200;

/** A large object, read in chunks; `ahead` is how far the reader was ahead of `done` at most. */
class LargeObject extends Objects {
  ahead = 0;
  #read = 0;
  readonly #done: () => number;

  constructor(done: () => number) {
    super(undefined);
    this.#done = done;
  }

  override async *read(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < CHUNKS; at += 1) {
      const line = `${JSON.stringify({ Item: { pk: { S: `${at} ${"x".repeat(900)}` } } })}\n`;
      const chunk = Buffer.from(line.repeat(CHUNK_BYTES / line.length));
      this.#read += chunk.length;
      this.ahead = Math.max(this.ahead, this.#read - this.#done());
      yield chunk;
    }
  }
}

test("an import holds no more of a large object than some chunks", async () => {
  const world = await scene();
  let counts = () => NO_COUNTS;
  const objects = new LargeObject(() => counts().bytes);
  const load = loadOf(world, objects);
  counts = () => load.counts;
  await load.load(["an object"]);
  expect(load.counts.bytes).toBeGreaterThan(CHUNKS * CHUNK_BYTES * 0.99);
  expect(objects.ahead).toBeLessThanOrEqual(2 * CHUNK_BYTES);
  expect(world.store.stats(world.table.space)).toMatchObject({ rows: CHUNKS });
  await world.store.close();
});

test("counts are exact over loads that replace each other's items", async () => {
  const { store, table, loader } = await scene("N");
  const sizes = new Map<number, number>();
  for (let at = 0; at < 3; at += 1) {
    for (let pk = 500 * at; pk < 500 * at + 1200; pk += 1) {
      const size = 100 + at;
      loader.add({ pk: { N: String(pk) } }, size - 1);
      loader.add({ pk: { N: String(pk) }, last: { N: String(at) } }, size);
      sizes.set(pk, size);
    }
    await loader.load();
  }
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  expect(store.stats(table.space)).toEqual({ rows: sizes.size, bytes });
  const row = await store.get(table.space, table.rowKeyOf({ pk: { N: "1100" } }));
  expect(row === undefined ? undefined : decodeRow(row)).toEqual({ pk: { N: "1100" }, last: { N: "2" } });
  await store.close();
});

/** Some bytes, in pieces of random lengths. */
class FuzzedObject extends Objects {
  readonly #bytes: Uint8Array;
  readonly #random: () => number;

  constructor(bytes: Uint8Array, random: () => number) {
    super(undefined);
    this.#bytes = bytes;
    this.#random = random;
  }

  override async *read(): AsyncGenerator<Uint8Array, void> {
    for (let at = 0; at < this.#bytes.length; ) {
      const end = at + 1 + Math.floor(this.#random() * 300);
      yield this.#bytes.subarray(at, end);
      at = end;
    }
  }
}

/** Bytes with some of them changed, removed or said twice. */
function mutated(bytes: Buffer, random: () => number): Buffer {
  const number = (max: number) => Math.floor(random() * max);
  let result = Buffer.from(bytes);
  for (let changes = number(4); changes > 0; changes -= 1) {
    const at = number(result.length);
    const dice = random();
    if (dice < 0.5) result[at] = dice < 0.25 ? (Buffer.from('{}[]":,\n\\')[number(9)] ?? 0) : number(256);
    else if (dice < 0.75) result = Buffer.concat([result.subarray(0, at), result.subarray(at + number(40))]);
    else result = Buffer.concat([result.subarray(0, at + number(40)), result.subarray(at)]);
  }
  return result;
}

const NUMBERS = Array.from({ length: 20 }, (_, at) => at);
const JSON_LINES = NUMBERS.map(
  (at) =>
    `${JSON.stringify({ Item: { pk: { S: `item ${at}` }, map: { M: { list: { L: [{ N: String(at) }, { BOOL: true }] } } }, set: { SS: ["a", "b"] }, bytes: { B: "AAEC" } } })}\n`,
).join("");
const ION = NUMBERS.map(
  (at) => `$ion_1_0 {Item:{pk:"item ${at}",set:$dynamodb_NS::[1.,2.5],list:[{a:null},{{AAEC}},true]}}\n`,
).join("");
const CSV = `pk,text\n${NUMBERS.map((at) => `item ${at},"quoted ""${at}""\nin two lines"\n`).join("")}`;
const INPUTS = [
  { text: Buffer.from(JSON_LINES), format: "DYNAMODB_JSON", compression: "NONE" },
  { text: gzipSync(JSON_LINES), format: "DYNAMODB_JSON", compression: "GZIP" },
  { text: zstdCompressSync(JSON_LINES), format: "DYNAMODB_JSON", compression: "ZSTD" },
  { text: Buffer.from(ION), format: "ION", compression: "NONE" },
  { text: Buffer.from(CSV), format: "CSV", compression: "NONE" },
  { text: gzipSync(CSV), format: "CSV", compression: "GZIP" },
] as const;

test(`mutilated objects come to an end, and their counts add up (SEED=${SEED})`, async () => {
  const random = seededRandom(SEED);
  const world = await scene();
  let errors = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const input = INPUTS[round % INPUTS.length] ?? INPUTS[0];
    const isWhole = round < INPUTS.length;
    const bytes = isWhole ? input.text : mutated(input.text, random);
    const load = loadOf(world, new FuzzedObject(bytes, random), input);
    await load.load(["an object"]);
    const { counts } = load;
    expect(counts.processed).toBe(counts.imported + counts.errors);
    if (isWhole) expect(counts).toMatchObject({ imported: NUMBERS.length, errors: 0 });
    errors += counts.errors;
  }
  expect(errors).toBeGreaterThan(ROUNDS / 10);
  await world.store.close();
});
