import { validation } from "../errors.ts";
import { type CompiledCondition, compileCondition } from "../expressions/condition.ts";
import {
  type ConditionalOperator,
  compileLegacyCondition,
  type LegacyCondition,
} from "../expressions/legacy-condition.ts";
import type { Placeholders } from "../expressions/placeholders.ts";
import type { KeySchema } from "../values/key-schema.ts";

/** The parameters that say which of the items read are returned. */
interface FilterInput {
  readonly FilterExpression?: string;
  readonly ConditionalOperator?: ConditionalOperator;
}

/** The filter of Query or Scan, from either kind of parameter (`legacy`: QueryFilter or ScanFilter); undefined for none. */
export function compileFilter(
  input: FilterInput,
  legacy: Readonly<Record<string, LegacyCondition>> | undefined,
  placeholders: Placeholders,
): CompiledCondition | undefined {
  if (input.FilterExpression !== undefined) {
    return compileCondition("FilterExpression", input.FilterExpression, placeholders);
  }
  return compileLegacyCondition(legacy, input.ConditionalOperator);
}

/** Query's filters must leave the key attributes of what is queried to the key condition. */
export function refuseKeyFilter(
  filter: CompiledCondition | undefined,
  schema: KeySchema,
  legacy: boolean,
): void {
  if (filter === undefined) return;
  const keys = [...schema.partition, ...schema.sort].map((each) => each.name);
  const key = filter
    .paths()
    .map(([name]) => name)
    .find((name) => keys.includes(String(name)));
  if (key === undefined) return;
  const parameter = legacy ? "QueryFilter" : "Filter Expression";
  throw validation(`${parameter} can only contain non-primary key attributes: Primary key attribute: ${key}`);
}
