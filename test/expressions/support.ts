/** Shorthands for tests of expressions. */
import { ApiError } from "../../src/errors.ts";
import { compileCondition } from "../../src/expressions/condition.ts";
import { Placeholders } from "../../src/expressions/placeholders.ts";
import { compileProjection } from "../../src/expressions/projection.ts";
import { compileUpdate } from "../../src/expressions/update.ts";
import type { Item, RawItem } from "../../src/values/attribute-value.ts";
import { normalizeItem } from "../../src/values/normalize.ts";

/** The error that `task` throws. */
export function refusalOf(task: () => unknown): ApiError {
  try {
    task();
  } catch (error) {
    if (error instanceof ApiError) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

/** The text of the error that `task` throws. */
export const messageOf = (task: () => unknown) => refusalOf(task).message;

export type Names = Readonly<Record<string, string>>;

export function test(condition: string, item: RawItem | undefined, values?: RawItem, names?: Names): boolean {
  const compiled = compileCondition("ConditionExpression", condition, new Placeholders(names, values));
  return compiled.test(item === undefined ? undefined : normalizeItem(item).item);
}

export function project(projection: string, item: RawItem, names?: Names): Item {
  return compileProjection(projection, new Placeholders(names, undefined)).pick(normalizeItem(item).item);
}

/** The item after an update, as plain JSON; null when there is none. */
export function update(
  expression: string,
  item: RawItem | undefined,
  values?: RawItem,
  names?: Names,
): unknown {
  const compiled = compileUpdate(expression, new Placeholders(names, values));
  const before = item === undefined ? undefined : normalizeItem(item).item;
  const json = JSON.stringify(before);
  const after = compiled.apply(before, { pk: { S: "k" } });
  if (JSON.stringify(before) !== json) throw new Error("an update changed its input");
  return plain(after);
}

/** Without prototypes, for comparison. */
export const plain = (item: Item | undefined): unknown => JSON.parse(JSON.stringify(item ?? null));
