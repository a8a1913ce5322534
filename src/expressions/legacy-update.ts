/** The legacy parameter AttributeUpdates: per top-level attribute an action and, for most of them, a value. */
import { type ApiError, validation } from "../errors.ts";
import { type AttributeValue, type RawAttributeValue, typeOf } from "../values/attribute-value.ts";
import { normalizeName, normalizeValue } from "../values/normalize.ts";
import type { UpdateAction } from "./ast.ts";
import { canAdd, isSet } from "./bind-update.ts";
import { Findings } from "./findings.ts";
import { pathTree } from "./path-tree.ts";
import { type CompiledUpdate, updateOf } from "./update.ts";

/** One attribute's update, as decoded. */
export interface LegacyUpdate {
  readonly Action?: "ADD" | "PUT" | "DELETE";
  readonly Value?: RawAttributeValue;
}

/**
 * Compiles AttributeUpdates. Without any, the update creates an item with nothing but its key, like an UpdateItem without
 * parameters. Throws the service's ValidationException.
 */
export function compileLegacyUpdate(
  updates: Readonly<Record<string, LegacyUpdate>> | undefined,
): CompiledUpdate {
  const actions = Object.entries(updates ?? {}).map(([name, update]) => actionOf(name, update));
  const paths = actions.map(({ path }) => path);
  // Distinct top-level names cannot clash.
  const tree = pathTree(paths, new Findings("UpdateExpression"));
  return updateOf(actions, tree, "Type mismatch for attribute to update");
}

function actionOf(name: string, update: LegacyUpdate): UpdateAction {
  const action = update.Action ?? "PUT";
  const path = [normalizeName(name)];
  if (update.Value === undefined) {
    if (action !== "DELETE") {
      throw invalid("Only DELETE action is allowed when no attribute value is specified");
    }
    return { kind: "remove", path };
  }
  const value = normalizeValue(update.Value);
  switch (action) {
    case "PUT":
      return { kind: "set", path, value: { kind: "value", value } };
    case "ADD":
      if (!canAddLegacy(value)) throw invalid(`ADD action is not supported for the type ${typeOf(value)}`);
      return { kind: "add", path, value };
    case "DELETE":
      if (!isSet(value)) {
        throw invalid(`DELETE action with value is not supported for the type ${typeOf(value)}`);
      }
      return { kind: "delete", path, value };
  }
}

/** Unlike ADD in an expression, the legacy action also appends lists. */
function canAddLegacy(value: AttributeValue): boolean {
  return canAdd(value) || "L" in value;
}

function invalid(problem: string): ApiError {
  return validation(`One or more parameter values were invalid: ${problem}`);
}
