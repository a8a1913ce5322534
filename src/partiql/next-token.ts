/**
 * NextToken: how far a SELECT has come, in the client's own hands; the server keeps nothing about it. Its place is a row key, and any bytes
 * are one: a token that somebody else made can do no more than an ExclusiveStartKey, so a checksum against mutilation is all it needs.
 *
 *   token    := base64(version request place checksum)
 *   version  := one byte, 1
 *   request  := the first 16 bytes of SHA-256 over statement and parameters in canonical JSON
 *   place    := the key of the last row that was looked at
 *   checksum := the first 8 bytes of SHA-256 over all before it
 */
import { validation } from "../errors.ts";
import { equalDigests, sha256 } from "../runtime/digest.ts";
import { canonicalJson } from "../values/canonical-json.ts";
import { boundsAfter, isWithin, type KeyBounds } from "../values/key-bounds.ts";

const VERSION = 1;
const REQUEST_BYTES = 16;
const CHECKSUM_BYTES = 8;
const PLACE_OFFSET = 1 + REQUEST_BYTES;

const mismatched = () => validation("NextToken does not match request");

/** What a token belongs to: the same statement with the same parameters. */
export function requestDigest(statement: string, parameters: unknown): Uint8Array {
  return sha256(canonicalJson([statement, parameters ?? []])).subarray(0, REQUEST_BYTES);
}

/** A token that goes on after the row with this key. */
export function issueToken(request: Uint8Array, rowKey: string): string {
  const body = Buffer.concat([Uint8Array.of(VERSION), request, Buffer.from(rowKey, "latin1")]);
  return Buffer.concat([body, checksum(body)]).toString("base64");
}

/** The row key in a token. Throws the service's ValidationException for a token of another request, or one that is none. */
export function placeInToken(token: string, request: Uint8Array): string {
  const bytes = Buffer.from(token, "base64");
  const end = bytes.length - CHECKSUM_BYTES;
  const body = bytes.subarray(0, Math.max(0, end));
  const isWhole =
    end > PLACE_OFFSET && body[0] === VERSION && equalDigests(bytes.subarray(end), checksum(body));
  if (!isWhole) throw validation("Invalid NextToken");
  if (!equalDigests(body.subarray(1, PLACE_OFFSET), request)) throw mismatched();
  return body.subarray(PLACE_OFFSET).toString("latin1");
}

/** What is left of ranges after a place. Throws when it lies in none of them. */
export function rangesAfter(
  ranges: readonly KeyBounds[],
  place: string,
  reverse: boolean,
): readonly KeyBounds[] {
  const at = ranges.findIndex((range) => isWithin(range, place));
  const range = ranges[at];
  if (range === undefined) throw mismatched();
  return [boundsAfter(range, place, reverse), ...ranges.slice(at + 1)];
}

const checksum = (body: Uint8Array): Uint8Array => sha256(body).subarray(0, CHECKSUM_BYTES);
