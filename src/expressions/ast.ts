/** Conditions and updates with real names and values: what is left to do is to apply them to items. */
import type { AttributeValue, TypeName } from "../values/attribute-value.ts";
import type { DocumentPath } from "../values/document-path.ts";

export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";

export type Operand =
  | { readonly kind: "path"; readonly path: DocumentPath }
  | { readonly kind: "value"; readonly value: AttributeValue }
  | { readonly kind: "size"; readonly operand: Operand }
  /** Whether a condition holds, as a BOOL (PartiQL only). */
  | { readonly kind: "condition"; readonly condition: Condition };

export type Condition =
  | {
      readonly kind: "compare";
      readonly comparator: Comparator;
      readonly left: Operand;
      readonly right: Operand;
    }
  | { readonly kind: "between"; readonly operand: Operand; readonly lower: Operand; readonly upper: Operand }
  | { readonly kind: "in"; readonly operand: Operand; readonly choices: readonly Operand[] }
  | { readonly kind: "attribute_exists" | "attribute_not_exists"; readonly path: DocumentPath }
  | { readonly kind: "attribute_type"; readonly operand: Operand; readonly type: TypeName }
  | { readonly kind: "begins_with" | "contains"; readonly operand: Operand; readonly argument: Operand }
  | { readonly kind: "and" | "or"; readonly conditions: readonly Condition[] }
  | { readonly kind: "not"; readonly condition: Condition };

/** What SET assigns. */
export type SetValue =
  | { readonly kind: "path"; readonly path: DocumentPath }
  | { readonly kind: "value"; readonly value: AttributeValue }
  | { readonly kind: "if_not_exists"; readonly path: DocumentPath; readonly otherwise: SetValue }
  | {
      readonly kind: "list_append" | "+" | "-";
      readonly left: SetValue;
      readonly right: SetValue;
    };

export type UpdateAction =
  | { readonly kind: "set"; readonly path: DocumentPath; readonly value: SetValue }
  | { readonly kind: "remove"; readonly path: DocumentPath }
  | { readonly kind: "add" | "delete"; readonly path: DocumentPath; readonly value: AttributeValue };
