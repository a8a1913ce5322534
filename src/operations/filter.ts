import { validation } from "../errors.ts";
import { type CompiledCondition, compileCondition } from "../expressions/condition.ts";
import type { Placeholders } from "../expressions/placeholders.ts";
import type { KeySchema } from "../values/key-schema.ts";

/** The filter of Query or Scan as an expression; undefined for none. Throws the service's ValidationException. */
export function compileFilter(
  text: string | undefined,
  placeholders: Placeholders,
): CompiledCondition | undefined {
  return text === undefined ? undefined : compileCondition("FilterExpression", text, placeholders);
}

/** Query's filters must leave the key attributes of what is queried to the key condition. */
export function refuseKeyFilter(
  filter: CompiledCondition | undefined,
  schema: KeySchema,
  parameter: "Filter Expression" | "QueryFilter",
): void {
  if (filter === undefined) return;
  const keys = new Set([...schema.partition, ...schema.sort].map((each) => each.name));
  for (const [name] of filter.paths()) {
    if (typeof name !== "string" || !keys.has(name)) continue;
    throw validation(
      `${parameter} can only contain non-primary key attributes: Primary key attribute: ${name}`,
    );
  }
}
