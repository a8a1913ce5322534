import { type ApiError, validation } from "../errors.ts";
import type { Placeholders } from "../expressions/placeholders.ts";
import { compileProjection, type Projection, projectionOf } from "../expressions/projection.ts";
import type { IndexSchema } from "../tables/schema.ts";

export type Select = "ALL_ATTRIBUTES" | "ALL_PROJECTED_ATTRIBUTES" | "SPECIFIC_ATTRIBUTES" | "COUNT";

/** The parameters of Query and Scan that say what of each item is wanted. */
export interface SelectionInput {
  readonly Select?: Select;
  readonly IndexName?: string;
  readonly ProjectionExpression?: string;
  readonly AttributesToGet?: readonly string[];
}

/** all: whole items, of an index too; projected: what the index (or table) holds; count: none; pick: parts. */
export type Selection =
  | { readonly kind: "all" | "projected" | "count" }
  | { readonly kind: "pick"; readonly projection: Projection };

/** Refuses duplicates in AttributesToGet. */
export function refuseDuplicateAttributes(names: readonly string[] | undefined): void {
  const seen = new Set<string>();
  for (const name of names ?? []) {
    if (seen.has(name)) {
      throw validation(
        `One or more parameter values were invalid: Duplicate value in attribute name: ${name}`,
      );
    }
    seen.add(name);
  }
}

/** The rules of Select that need no table. `refuse` makes the error: Query puts these into an envelope, Scan does not. */
export function selectionOf(
  input: SelectionInput,
  placeholders: Placeholders,
  refuse: (message: string) => ApiError,
): Selection {
  const projection = projectionIn(input, placeholders);
  const { Select: select } = input;
  if (projection !== undefined) {
    if (select === undefined || select === "SPECIFIC_ATTRIBUTES") return { kind: "pick", projection };
    const parameter = input.ProjectionExpression === undefined ? "AttributesToGet" : "ProjectionExpression";
    const choice = select === "COUNT" ? "only the Count" : select;
    throw refuse(`Cannot specify the ${parameter} when choosing to get ${choice}`);
  }
  switch (select) {
    case "SPECIFIC_ATTRIBUTES":
      throw refuse(
        "Must specify the AttributesToGet or ProjectionExpression when choosing to get SPECIFIC_ATTRIBUTES",
      );
    case "ALL_PROJECTED_ATTRIBUTES":
      if (input.IndexName === undefined) {
        throw refuse("ALL_PROJECTED_ATTRIBUTES can be used only when Querying using an IndexName");
      }
      return { kind: "projected" };
    case "COUNT":
      return { kind: "count" };
    case "ALL_ATTRIBUTES":
      return { kind: "all" };
    default:
      return { kind: input.IndexName === undefined ? "all" : "projected" };
  }
}

/** The projection that a read asks for in either way; undefined for whole items. Throws when the expression is malformed. */
export function projectionIn(
  input: Pick<SelectionInput, "ProjectionExpression" | "AttributesToGet">,
  placeholders: Placeholders,
): Projection | undefined {
  if (input.ProjectionExpression !== undefined)
    return compileProjection(input.ProjectionExpression, placeholders);
  return input.AttributesToGet === undefined ? undefined : projectionOf(input.AttributesToGet);
}

/**
 * The rules of Select against an index. Returns whether its entries lack what is wanted, so that the table's items have to be
 * read (local indexes only). Throws for a global index that does not project what is asked of it.
 */
export function needsTableItems(selection: Selection, index: IndexSchema | undefined): boolean {
  if (index?.projected === undefined) return false;
  const { projected, kind, indexName } = index;
  if (selection.kind === "all") {
    if (kind === "local") return true;
    throw validation(
      "One or more parameter values were invalid: Select type ALL_ATTRIBUTES is not supported for global secondary index " +
        `${indexName} because its projection type is not ALL`,
    );
  }
  if (selection.kind !== "pick") return false;
  const names = selection.projection.paths.map(([name]) => String(name));
  const missing = names.filter((name) => !projected.includes(name));
  if (missing.length === 0) return false;
  if (kind === "local") return true;
  throw validation(
    "One or more parameter values were invalid: " +
      `Global secondary index ${indexName} does not project [${missing.join(", ")}]`,
  );
}
