import { equalDigests, randomBytes, sha256 } from "../runtime/digest.ts";
import type { TransferRecord, TransferRecords } from "../tables/transfer-records.ts";
import { canonicalJson } from "../values/canonical-json.ts";

/** The service remembers the token of an export or import for eight hours. */
const TOKEN_MS = 8 * 3_600_000;

/** What tells one request from another that has the same token. */
export const digestOf = (request: unknown): Uint8Array => sha256(canonicalJson(request));

/** The earlier export or import with a token; undefined when there is none. Throws what `conflict` makes when it was another request's. */
export function earlierUse<R extends TransferRecord>(
  records: TransferRecords<R>,
  token: string,
  digest: Uint8Array,
  now: number,
  conflict: () => Error,
): R | undefined {
  const earlier = records
    .all()
    .find(({ clientToken, startMs }) => clientToken === token && now < startMs + TOKEN_MS);
  if (earlier !== undefined && !equalDigests(earlier.digest, digest)) throw conflict();
  return earlier;
}

/** An id that sorts by time. */
export const newTransferId = (now: number): string =>
  `${String(now).padStart(14, "0")}-${Buffer.from(randomBytes(4)).toString("hex")}`;
