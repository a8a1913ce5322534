/**
 * Client request tokens: a transaction that carries one happens once, however often it is sent. The token's row is read and written with the
 * transaction itself, so the two cannot part, whatever crashes.
 *
 *   row     := version time digest size*
 *   version := one byte, 1
 *   time    := f64, little-endian: log time of the commit, milliseconds since the epoch
 *   digest  := SHA-256 of the parameters in canonical JSON
 *   size    := u32, little-endian, one per action: bytes of its item after the transaction, 0 for none
 */
import assert from "node:assert/strict";
import { type Row, type RowAddress, StorageError, type Store, type Value } from "../../storage/index.ts";
import type { Clock } from "../runtime/clock.ts";
import { sha256 } from "../runtime/digest.ts";
import { canonicalJson } from "../values/canonical-json.ts";
import { DEFAULT_NAMESPACE, SYSTEM_SPACE, tokenRowKey, tokenRows } from "./keyspace.ts";

/** The service remembers a token for ten minutes after its transaction was completed. */
export const TOKEN_MS = 600_000;

const VERSION = 1;
const TIME_OFFSET = 1;
const DIGEST_OFFSET = 9;
const DIGEST_BYTES = 32;
const SIZES_OFFSET = DIGEST_OFFSET + DIGEST_BYTES;
const SIZE_BYTES = 4;

/** Rows looked at in one step of a sweep. */
const SWEEP_ROWS_MAX = 256;
const SWEEP_BYTES_MAX = 1 << 20;

/** The operations that take tokens; each has its own. */
export type TokenScope = "TransactWriteItems" | "ExecuteTransaction";

/** What an earlier use of a token says about a later one. */
export type EarlierUse =
  /** The same transaction was performed; with the sizes of its items after it, in the order of its actions. */
  | { readonly kind: "replayed"; readonly sizes: readonly number[] }
  /** The token belongs to a transaction with other parameters. */
  | { readonly kind: "mismatched" };

/** A token as one transaction uses it. */
export class ClientToken {
  readonly row: RowAddress;
  readonly #digest: Uint8Array;

  constructor(scope: TokenScope, token: string, parameters: unknown) {
    this.row = { space: SYSTEM_SPACE, key: tokenRowKey(DEFAULT_NAMESPACE, scope, token) };
    this.#digest = sha256(canonicalJson(parameters));
  }

  /** What the token's row, if there is one, says at log time `now`; undefined when the transaction is to be performed. */
  judge(value: Value | undefined, now: number): EarlierUse | undefined {
    if (value === undefined || isExpired(value, now)) return undefined;
    const row = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    if (row.compare(this.#digest, 0, DIGEST_BYTES, DIGEST_OFFSET, SIZES_OFFSET) !== 0) {
      return { kind: "mismatched" };
    }
    const sizes: number[] = [];
    for (let at = SIZES_OFFSET; at < row.length; at += SIZE_BYTES) sizes.push(row.readUInt32LE(at));
    return { kind: "replayed", sizes };
  }

  /** The row that remembers the transaction committed at log time `now`. */
  record(sizes: readonly number[], now: number): Value {
    const row = Buffer.allocUnsafeSlow(SIZES_OFFSET + SIZE_BYTES * sizes.length);
    row[0] = VERSION;
    row.writeDoubleLE(now, TIME_OFFSET);
    row.set(this.#digest, DIGEST_OFFSET);
    for (const [at, size] of sizes.entries()) row.writeUInt32LE(size, SIZES_OFFSET + SIZE_BYTES * at);
    return row;
  }
}

function isExpired(value: Value, now: number): boolean {
  assert(value[0] === VERSION && value.length >= SIZES_OFFSET, "a token's row begins with a known version");
  const time = new DataView(value.buffer, value.byteOffset).getFloat64(TIME_OFFSET, true);
  return now - time >= TOKEN_MS;
}

/**
 * The tokens of a store. Expired ones are swept away at most once in ten minutes, and only while tokens are in use: so there are
 * never more than those of twenty minutes, and a sweep looks at no more than twice as many rows as it removes.
 */
export class IdempotencyTokens {
  readonly #store: Store;
  readonly #clock: Clock;
  /** The first use after a start sweeps too: the tokens of the last run may long be over. */
  #sweepAt = Number.NEGATIVE_INFINITY;

  constructor(store: Store, clock: Clock) {
    this.#store = store;
    this.#clock = clock;
  }

  /** The token of a transaction with these parameters (plain JSON values). */
  use(scope: TokenScope, token: string, parameters: unknown): ClientToken {
    const now = this.#clock.now();
    if (now >= this.#sweepAt) {
      this.#sweepAt = now + TOKEN_MS;
      void this.#sweepAside();
    }
    return new ClientToken(scope, token, parameters);
  }

  /** Removes all expired tokens; returns how many there were. */
  async sweep(): Promise<number> {
    let removed = 0;
    let after: string | undefined;
    for (;;) {
      const page = await this.#page(after);
      const expired = page.rows.filter((row) => isExpired(row.value, this.#clock.now()));
      if (expired.length > 0) removed += await this.#remove(expired);
      after = page.rows.at(-1)?.key;
      if (!page.more || after === undefined) return removed;
    }
  }

  /** A sweep that nobody waits for. What the store cannot do now, the next one does; the store reports its own health. */
  async #sweepAside(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
    }
  }

  async #page(after: string | undefined): Promise<{ readonly rows: readonly Row[]; readonly more: boolean }> {
    const { ge, lt } = tokenRows(DEFAULT_NAMESPACE);
    const snapshot = await this.#store.snapshot([SYSTEM_SPACE]);
    try {
      return await snapshot.range({
        space: SYSTEM_SPACE,
        ...(after === undefined ? { ge } : { gt: after }),
        lt,
        rowsMax: SWEEP_ROWS_MAX,
        bytesMax: SWEEP_BYTES_MAX,
      });
    } finally {
      snapshot.close();
    }
  }

  /** Removes those rows that are still expired when it comes to it: a token may be in use again. */
  async #remove(rows: readonly Row[]): Promise<number> {
    const reads = rows.map(({ key }) => ({ space: SYSTEM_SPACE, key }));
    const outcome = await this.#store.transact({ reads }, (previous, now) => {
      const writes = reads.flatMap((read, at) => {
        const value = previous[at];
        return value !== undefined && isExpired(value, now) ? [{ ...read, value: undefined }] : [];
      });
      return { kind: "commit", writes, result: writes.length };
    });
    return outcome.kind === "committed" ? outcome.result : 0;
  }
}
