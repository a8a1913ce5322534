import { idempotentParameterMismatch, transactionInProgress } from "../errors.ts";
import type { TransactionOutcome, Written } from "../tables/write.ts";
import { cancelledBy } from "./cancellation.ts";
import { CapacityByTable } from "./capacity-by-table.ts";
import { type ReturnConsumedCapacity, readUnits, tableUnits, unitsOfWrite } from "./results.ts";

/** Items cost twice as much in transactions. */
export const TRANSACTIONAL_FACTOR = 2;

/** What is asked about the writes of a transaction, in their order. */
export interface TransactionReturns {
  /** As the client wrote them. */
  readonly tableNames: readonly string[];
  readonly capacity: ReturnConsumedCapacity | undefined;
  /** Whether the item that failed a write's condition is wanted. */
  readonly returnsItem: (write: number) => boolean;
}

export interface PerformedTransaction {
  /** None for a transaction that was performed earlier: it changed nothing this time. */
  readonly written: readonly Written[];
  /** The ConsumedCapacity member. */
  readonly consumed: readonly object[] | undefined;
}

/** What became of a transaction. Throws when it was not performed, now or earlier. */
export function performed(outcome: TransactionOutcome, returns: TransactionReturns): PerformedTransaction {
  switch (outcome.kind) {
    case "written":
      return written(outcome.results, returns);
    case "replayed":
      return replayed(outcome.sizes, returns);
    case "cancelled":
      for (const result of outcome.results) {
        if (result.kind === "refused" && result.error.ofRequest) throw result.error;
      }
      throw cancelledBy(outcome.results, returns.returnsItem);
    case "mismatched":
      throw idempotentParameterMismatch();
    case "in-progress":
      throw transactionInProgress();
  }
}

function written(
  results: readonly Written[],
  { tableNames, capacity: mode }: TransactionReturns,
): PerformedTransaction {
  const capacity = new CapacityByTable();
  if (mode !== undefined) {
    for (const [at, result] of results.entries()) {
      capacity.add(tableNames[at] ?? "", unitsOfWrite(result), TRANSACTIONAL_FACTOR);
    }
  }
  return { written: results, consumed: capacity.report(mode, "WriteCapacityUnits") };
}

/** A transaction that was performed earlier costs as much as reading its items. */
function replayed(
  sizes: readonly number[],
  { tableNames, capacity: mode }: TransactionReturns,
): PerformedTransaction {
  const capacity = new CapacityByTable();
  for (const [at, tableName] of tableNames.entries()) {
    capacity.add(tableName, tableUnits(readUnits(sizes[at] ?? 0, true)), TRANSACTIONAL_FACTOR);
  }
  return { written: [], consumed: capacity.report(mode, "ReadCapacityUnits") };
}
