/**
 * Row keys: where the rows of a table or secondary index lie in their space. Bytes held as latin1 strings. Frozen format.
 *
 *   table row  := hash partition [ sort ]
 *   index row  := hash partition delimited* digest
 *   hash       := u32, big-endian: the 32-bit finaliser of MurmurHash3 over the CRC-32 of `values`
 *   partition  := length values           when `values` is at most 255 bytes; `length` is one byte, 1 to 255
 *               | 0x00 sha256(values)     otherwise
 *   values     := raw                     one partition attribute (a number as its canonical text)
 *               | delimited delimited+    several, in schema order
 *   sort       := raw | number            the sort attribute of a table
 *   delimited  := escaped 0x00 0x01 | number
 *   escaped    := raw with each 0x00 followed by 0xff
 *   raw        := UTF-8 bytes of a string, or the bytes of a binary value
 *   number     := see number-key.ts
 *   digest     := first 16 bytes of SHA-256 over the key of the item's row in its table
 *
 * The hash scatters partitions, which gives Scan its order and parallel scans their segments. Rows of one partition are adjacent
 * and ordered by their sort attributes; index rows with equal attributes are told apart by the digest. Nothing is ever decoded:
 * the item holds its key attributes.
 */
import assert from "node:assert/strict";
import { crc32, sha256 } from "../runtime/digest.ts";
import { type AttributeValue, attribute, type Item } from "./attribute-value.ts";
import { decodeBase64 } from "./base64.ts";
import type { KeyAttribute, KeySchema } from "./key-schema.ts";
import { encodeNumberKey } from "./number-key.ts";

const PARTITION_BYTES_MAX = 255;
const HASH_BYTES = 4;
const SHA256_BYTES = 32;
const DIGEST_BYTES = 16;
const DELIMITER = "\x00\x01";

const bytesToString = Buffer.prototype.toString;

/** Gives the row key of an item (or of a key: other attributes are not looked at) with attributes of the right types. */
export type TableKeyEncoder = (item: Item) => string;
/** The same for an index row; `tableKey` is the row key of the item in its table. */
export type IndexKeyEncoder = (item: Item, tableKey: string) => string;

/** The row keys of a table. */
export function tableKeyEncoder(schema: KeySchema): TableKeyEncoder {
  const [partition] = schema.partition;
  const [sort] = schema.sort;
  assert(partition !== undefined, "a key schema has a partition attribute");
  assert(
    schema.partition.length === 1 && schema.sort.length <= 1,
    "a table's key has at most two attributes",
  );
  if (sort === undefined) return (item) => hashedPartition(partitionBytes(keyValue(item, partition)));
  return (item) =>
    hashedPartition(partitionBytes(keyValue(item, partition))) + encodeLast(keyValue(item, sort));
}

/** The row keys of a secondary index. Items that lack one of its attributes have no row in it: do not ask. */
export function indexKeyEncoder({ partition, sort }: KeySchema): IndexKeyEncoder {
  const [first] = partition;
  assert(first !== undefined, "a key schema has a partition attribute");
  return (item, tableKey) => {
    let key =
      partition.length === 1
        ? hashedPartition(partitionBytes(keyValue(item, first)))
        : encodePartition(partition.map((part) => keyValue(item, part)));
    for (const part of sort) key += encodeDelimited(keyValue(item, part));
    return key + digestOf(tableKey);
  };
}

function keyValue(item: Item, part: KeyAttribute): AttributeValue {
  const value = attribute(item, part.name);
  if (value !== undefined && part.type in value) return value;
  assert.fail("key attributes are present and have the schema's type");
}

/** `hash partition`: what the keys of all rows of a partition, and no others, begin with. */
export function encodePartition(values: readonly AttributeValue[]): string {
  const [first] = values;
  assert(first !== undefined, "a partition has at least one attribute");
  return hashedPartition(values.length === 1 ? partitionBytes(first) : values.map(encodeDelimited).join(""));
}

/** `hash partition` of a partition with these `values`. */
function hashedPartition(bytes: string): string {
  const length = bytes.length;
  const ascii = Buffer.byteLength(bytes) === length;
  const mixed = finalise(crc32(ascii ? bytes : Buffer.from(bytes, "latin1")));
  const long = length > PARTITION_BYTES_MAX;
  const head = String.fromCharCode(
    mixed >>> 24,
    (mixed >>> 16) & 0xff,
    (mixed >>> 8) & 0xff,
    mixed & 0xff,
    long ? 0 : length,
  );
  return head + (long ? hashed(bytes, SHA256_BYTES) : bytes);
}

/** `hash partition` of a row key of a table or index. */
export function partitionOf(rowKey: string): string {
  const length = rowKey.charCodeAt(HASH_BYTES);
  return rowKey.slice(0, HASH_BYTES + 1 + (length === 0 ? SHA256_BYTES : length));
}

/** A component that ends the key. */
export function encodeLast(value: AttributeValue): string {
  return "N" in value ? encodeNumberKey(value.N) : rawBytes(value);
}

/** A component that others may follow. */
export function encodeDelimited(value: AttributeValue): string {
  return "N" in value ? encodeNumberKey(value.N) : escapeZeros(rawBytes(value)) + DELIMITER;
}

/** What `encodeDelimited` gives for all strings or binary values that begin with `prefix` begins with this. */
export function encodeDelimitedPrefix(prefix: AttributeValue): string {
  return escapeZeros(rawBytes(prefix));
}

/** The bytes of a string or binary value. */
export function rawBytes(value: AttributeValue): string {
  if ("S" in value) {
    const text = value.S;
    return Buffer.byteLength(text) === text.length ? text : Buffer.from(text, "utf8").toString("latin1");
  }
  assert("B" in value, "keys are strings, numbers or binary values");
  return decodeBase64(value.B);
}

function partitionBytes(value: AttributeValue): string {
  return "N" in value ? value.N : rawBytes(value);
}

function escapeZeros(bytes: string): string {
  return bytes.includes("\x00") ? bytes.replaceAll("\x00", "\x00\xff") : bytes;
}

/** The first `length` bytes of the SHA-256 of some bytes. */
function hashed(bytes: string, length: number): string {
  return bytesToString.call(sha256(Buffer.from(bytes, "latin1")), "latin1", 0, length);
}

/** The key last digested: the rows of an item in several indexes end alike. */
const digested = { tableKey: "", digest: "" };

function digestOf(tableKey: string): string {
  if (digested.tableKey !== tableKey) {
    digested.digest = hashed(tableKey, DIGEST_BYTES);
    digested.tableKey = tableKey;
  }
  return digested.digest;
}

/** The finaliser of MurmurHash3: a bijection of 32 bits that spreads close CRCs over the whole range. */
function finalise(value: number): number {
  let mixed = value;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
