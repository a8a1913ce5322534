/** The rows of the system space: read in stretches at a start, written in logged commits. */
import assert from "node:assert/strict";
import type { Fence, Key, Row, RowAddress, Store, Value, Write } from "../../storage/index.ts";
import { internalServerError } from "../errors.ts";
import { SYSTEM_SPACE } from "./keyspace.ts";

const PAGE_ROWS_MAX = 1000;

/** Shows the values of all rows in a stretch, in the order of their keys. */
export async function readSystemRows(
  store: Store,
  { ge, lt }: { readonly ge: Key; readonly lt: Key },
  show: (value: Value) => void,
): Promise<void> {
  const snapshot = await store.snapshot([SYSTEM_SPACE]);
  try {
    const limits = { space: SYSTEM_SPACE, lt, rowsMax: PAGE_ROWS_MAX, bytesMax: Number.MAX_SAFE_INTEGER };
    for (let after: Key | undefined; ; ) {
      const page: { readonly rows: readonly Row[]; readonly more: boolean } = await snapshot.range({
        ...limits,
        ...(after === undefined ? { ge } : { gt: after }),
      });
      for (const row of page.rows) show(row.value);
      after = page.rows.at(-1)?.key;
      if (!page.more || after === undefined) return;
    }
  } finally {
    snapshot.close();
  }
}

/**
 * One logged commit, however often others are in the way. `raise`: fences that it raises; `frees`: it gives space back, and may be made on a full
 * disk. Throws InternalServerError when the store cannot tell or take it.
 */
export async function commitSystemRows(
  store: Store,
  writes: readonly Write[],
  { raise = [], frees = false }: { readonly raise?: readonly Fence[]; readonly frees?: boolean } = {},
): Promise<void> {
  const reads = writes.map(({ space, key }): RowAddress => ({ space, key }));
  for (;;) {
    const outcome = await store.transact({ reads, frees }, () => ({
      kind: "commit",
      writes,
      raise,
      result: undefined,
    }));
    if (outcome.kind === "committed") return;
    if (outcome.kind === "unknown" || outcome.kind === "unavailable")
      throw internalServerError(outcome.cause.message);
    assert(outcome.kind !== "refused", "a catalog write does not refuse");
  }
}
