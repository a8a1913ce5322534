import { conditionalCheckFailed, transactionConflict } from "../errors.ts";
import type { CompiledUpdate } from "../expressions/update.ts";
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
  const written = writtenOf(result, returns.itemOnConditionFailure);
  const item = attributes(written);
  // Most writes ask for nothing.
  if (item === undefined && returns.capacity === undefined && returns.collectionMetrics === undefined)
    return "{}";
  return json({
    Attributes: item,
    ConsumedCapacity: consumedCapacity(returns.capacity, returns.tableName, unitsOfWrite(written)),
    ItemCollectionMetrics: itemCollectionMetrics(returns.collectionMetrics, written, keyed),
  });
}

/** What was written. Throws the refusal if the write was not performed; with the item that failed the condition if it is wanted. */
export function writtenOf(result: WriteResult, itemOnConditionFailure: boolean): Written {
  switch (result.kind) {
    case "written":
      return result;
    case "refused":
      throw result.error;
    case "condition-failed": {
      const { previous } = result;
      throw conditionalCheckFailed(
        itemOnConditionFailure && previous !== undefined ? { Item: previous.item } : {},
      );
    }
    default:
      throw transactionConflict();
  }
}

/** The image that ReturnValues or RETURNING names; undefined when there is nothing to return. */
export function updateImage(
  mode: string | undefined,
  { previous, next }: Written,
  update: CompiledUpdate,
): Item | undefined {
  switch (mode) {
    case "ALL_OLD":
      return previous?.item;
    case "ALL_NEW":
      return next?.item;
    case "UPDATED_OLD":
      return previous === undefined ? undefined : nonEmpty(update.touched.pick(previous.item));
    case "UPDATED_NEW":
      return next === undefined ? undefined : nonEmpty(update.touched.pick(next.item));
    default:
      return undefined;
  }
}

function nonEmpty(item: Item): Item | undefined {
  for (const _ in item) return item;
  return undefined;
}
