/**
 * Shard iterators: where a reader is, in its own hands. They are signed, so that the server keeps nothing about them.
 *
 *   iterator := stream ARN "|1|" base64(payload signature)
 *   payload  := shard id "|" position "|" time         in ASCII; the time of issue in milliseconds since the epoch, decimal
 *   signature := the first 16 bytes of HMAC-SHA256 over the stream ARN and the payload
 */
import type { Position } from "../../storage/index.ts";
import { equalDigests, hmacSha256, randomBytes } from "../runtime/digest.ts";

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 16;
const SEPARATOR = "|1|";

export interface ShardIterator {
  readonly streamArn: string;
  readonly shardId: string;
  /** Records after this position are still to be read. */
  readonly after: Position;
  readonly issuedMs: number;
}

/** A random key to sign iterators with. */
export const newIteratorKey = (): Uint8Array => randomBytes(KEY_BYTES);

/** Makes iterators and recognises its own. */
export class IteratorSigner {
  readonly #key: Uint8Array;

  constructor(key: Uint8Array) {
    this.#key = key;
  }

  /** The iterator as text. */
  issue({ streamArn, shardId, after, issuedMs }: ShardIterator): string {
    const payload = Buffer.from(`${shardId}|${after}|${issuedMs}`, "latin1");
    const signed = Buffer.concat([payload, this.#signature(streamArn, payload)]);
    return streamArn + SEPARATOR + signed.toString("base64");
  }

  /** The iterator in a text, or undefined when no server with this key made it. */
  read(text: string): ShardIterator | undefined {
    const end = text.lastIndexOf(SEPARATOR);
    if (end < 0) return undefined;
    const streamArn = text.slice(0, end);
    const signed = Buffer.from(text.slice(end + SEPARATOR.length), "base64");
    const payload = signed.subarray(0, Math.max(0, signed.length - SIGNATURE_BYTES));
    const signature = signed.subarray(payload.length);
    if (signature.length !== SIGNATURE_BYTES) return undefined;
    if (!equalDigests(signature, this.#signature(streamArn, payload))) return undefined;
    const [shardId = "", after = "", issuedMs = ""] = payload.toString("latin1").split("|");
    return { streamArn, shardId, after, issuedMs: Number(issuedMs) };
  }

  #signature(streamArn: string, payload: Uint8Array): Uint8Array {
    return hmacSha256(this.#key, streamArn, payload).subarray(0, SIGNATURE_BYTES);
  }
}
