import { conditionalCheckFailed, transactionConflict } from "../errors.ts";
import type { WriteResult, Written } from "../tables/write.ts";
import type { Item } from "../values/attribute-value.ts";
import { type Body, json } from "./operation.ts";
import {
  consumedCapacity,
  itemCollectionMetrics,
  type ReturnConsumedCapacity,
  type ReturnItemCollectionMetrics,
  unitsOfWrite,
} from "./results.ts";

/** What the client asked to be told about a write. */
export interface WriteReturns {
  readonly tableName: string;
  readonly capacity: ReturnConsumedCapacity | undefined;
  readonly collectionMetrics: ReturnItemCollectionMetrics | undefined;
  readonly itemOnConditionFailure: boolean;
}

/** The answer to a single write to the item with the key in `attributes`. Throws the refusal if it was not performed. */
export function answerWrite(
  { attributes: keyed }: { readonly attributes: Item },
  result: WriteResult,
  returns: WriteReturns,
  attributes: (written: Written) => Item | undefined,
): Body {
  if (result.kind === "refused") throw result.error;
  if (result.kind === "condition-failed") {
    const { previous } = result;
    throw conditionalCheckFailed(
      returns.itemOnConditionFailure && previous !== undefined ? { Item: previous.item } : {},
    );
  }
  if (result.kind !== "written") throw transactionConflict();
  const item = attributes(result);
  // Most writes ask for nothing.
  if (item === undefined && returns.capacity === undefined && returns.collectionMetrics === undefined)
    return "{}";
  return json({
    Attributes: item,
    ConsumedCapacity: consumedCapacity(returns.capacity, returns.tableName, unitsOfWrite(result)),
    ItemCollectionMetrics: itemCollectionMetrics(returns.collectionMetrics, result, keyed),
  });
}
