import { type ApiError, type CancellationReason, transactionCanceled } from "../errors.ts";
import type { WriteResult } from "../tables/write.ts";

const NONE: CancellationReason = { Code: "None" };
const CONFLICT: CancellationReason = {
  Code: "TransactionConflict",
  Message: "Transaction is ongoing for the item",
};

/** Reasons for what became of the actions of a transaction. `returnsItem`: whether an action wants the item that failed its condition. */
export function cancelledBy(
  results: readonly WriteResult[],
  returnsItem: (action: number) => boolean,
): ApiError {
  return transactionCanceled(results.map((result, at) => reasonOf(result, returnsItem(at))));
}

function reasonOf(result: WriteResult, returnsItem: boolean): CancellationReason {
  switch (result.kind) {
    case "written":
    case "undecided":
      return NONE;
    case "conflict":
      return CONFLICT;
    case "condition-failed":
      return {
        Code: "ConditionalCheckFailed",
        Message: "The conditional request failed",
        ...(returnsItem && result.previous !== undefined ? { Item: result.previous.item } : {}),
      };
    case "refused":
      return refusal(result.error);
  }
}

/** Codes of reasons that are not the validation of an action. */
const CODES: ReadonlyMap<string, string> = new Map([
  ["DuplicateItemException", "DuplicateItem"],
  ["ResourceNotFoundException", "ResourceNotFound"],
]);

function refusal({ name, message }: ApiError): CancellationReason {
  return name === "ItemCollectionSizeLimitExceededException"
    ? { Code: "ItemCollectionSizeLimitExceeded", Message: "Collection size exceeded." }
    : { Code: CODES.get(name) ?? "ValidationError", Message: message };
}

/** The cancellation of a transaction of which some actions are not valid; those without an error are not to blame. */
export function cancelledByInvalid(errors: readonly (ApiError | undefined)[]): ApiError {
  return transactionCanceled(errors.map((error) => (error === undefined ? NONE : refusal(error))));
}

/** The cancellation of a transaction some of whose items other transactions have in hand. */
export function cancelledByConflict(held: readonly boolean[]): ApiError {
  return transactionCanceled(held.map((isHeld) => (isHeld ? CONFLICT : NONE)));
}
