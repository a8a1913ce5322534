import { requestValidation } from "../errors.ts";
import { type CompiledCondition, compileCondition } from "../expressions/condition.ts";
import { compileExpected } from "../expressions/legacy-expected.ts";
import { Placeholders } from "../expressions/placeholders.ts";
import type { putItemInput } from "../protocol/inputs/items.ts";
import type { Infer } from "../protocol/shapes.ts";
import type { RawItem } from "../values/attribute-value.ts";
import type { WriteReturns } from "./write-answer.ts";

/** The members that make an expression condition of a write, and those of a legacy one. */
export const CONDITION = ["ConditionExpression"] as const;
export const LEGACY_CONDITION = ["Expected", "ConditionalOperator"] as const;

/** What the four write operations have in common. */
type WriteInput = Omit<Infer<typeof putItemInput>, "Item">;

/** Shared by all requests without placeholders: it has nothing to mark as used. */
const NO_PLACEHOLDERS = new Placeholders(undefined, undefined);

interface PlaceholderInput {
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: RawItem;
}

/** The placeholders of a request. Throws when they are not well formed. */
export function placeholdersOf(input: PlaceholderInput): Placeholders {
  const { ExpressionAttributeNames: names, ExpressionAttributeValues: values } = input;
  return names === undefined && values === undefined ? NO_PLACEHOLDERS : new Placeholders(names, values);
}

type Input = Readonly<Record<string, unknown>>;

function isAnyPresent(input: Input, names: readonly string[]): boolean {
  for (const name of names) if (input[name] !== undefined) return true;
  return false;
}

/** Refuses a request that mixes legacy parameters with expressions; names are listed in the given order. */
export function refuseMixing(
  input: Input,
  nonExpression: readonly string[],
  expression: readonly string[],
): void {
  if (!isAnyPresent(input, nonExpression) || !isAnyPresent(input, expression)) return;
  const listed = (names: readonly string[]) => names.filter((name) => input[name] !== undefined).join(", ");
  throw requestValidation(
    "Can not use both expression and non-expression parameters in the same request: " +
      `Non-expression parameters: {${listed(nonExpression)}} Expression parameters: {${listed(expression)}}`,
  );
}

/**
 * Refuses placeholders in a request without an expression that could use them. `names` are all expression parameters of the operation,
 * `values` those that may contain values.
 */
export function refuseStrayPlaceholders(
  input: Input,
  names: readonly string[],
  values: readonly string[],
): void {
  if (input["ExpressionAttributeNames"] !== undefined && !isAnyPresent(input, names)) {
    throw requestValidation("ExpressionAttributeNames can only be specified when using expressions");
  }
  if (input["ExpressionAttributeValues"] !== undefined && !isAnyPresent(input, values)) {
    const absent = `${values.join(" and ")} ${values.length === 1 ? "is" : "are"} null`;
    throw requestValidation(
      `ExpressionAttributeValues can only be specified when using expressions: ${absent}`,
    );
  }
}

/** The condition of a write, from either kind of parameter; undefined when there is none. */
export function writeCondition(input: WriteInput, placeholders: Placeholders): CompiledCondition | undefined {
  if (input.ConditionExpression !== undefined) {
    return compileCondition("ConditionExpression", input.ConditionExpression, placeholders);
  }
  if (input.Expected === undefined && input.ConditionalOperator === undefined) return undefined;
  return compileExpected(input.Expected, input.ConditionalOperator);
}

/** Put and delete have no new image to return. */
export function refuseReturnValues(returnValues: string | undefined): void {
  if (returnValues === undefined || returnValues === "NONE" || returnValues === "ALL_OLD") return;
  throw requestValidation("ReturnValues can only be ALL_OLD or NONE");
}

/** What is to be told of a write. */
export function writeReturns(input: WriteInput): WriteReturns {
  return {
    tableName: input.TableName,
    capacity: input.ReturnConsumedCapacity,
    collectionMetrics: input.ReturnItemCollectionMetrics,
    itemOnConditionFailure: input.ReturnValuesOnConditionCheckFailure === "ALL_OLD",
  };
}
