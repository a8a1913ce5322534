import assert from "node:assert/strict";
import type { SpaceId } from "../../storage/index.ts";
import type { BackfillTarget } from "./backfill.ts";
import { entryOf } from "./indexes.ts";
import type { Table } from "./table.ts";
import { fillingSpaces } from "./table-spaces.ts";
import { expiryEntry } from "./time-to-live.ts";

/** What is being filled in a space of a table, an index or its expiries; undefined when nothing is. */
export function backfillTarget(table: Table, entrySpace: SpaceId): BackfillTarget | undefined {
  if (!fillingSpaces(table.record).includes(entrySpace)) return undefined;
  const { space, fences, timeToLive } = table;
  const index = table.indexes.find(({ spaceId }) => spaceId === entrySpace);
  if (index !== undefined) {
    return { space, fences, entrySpace, isCounted: true, entryOf: (key, item) => entryOf(index, key, item) };
  }
  assert(timeToLive !== undefined, "what is filled is an index or holds expiries");
  return {
    space,
    fences,
    entrySpace,
    isCounted: false,
    entryOf: (key, item) => expiryEntry(timeToLive, key, item),
  };
}
