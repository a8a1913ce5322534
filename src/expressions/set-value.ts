/** The right-hand sides of SET as functions of the item before the update. */
import { validation } from "../errors.ts";
import type { AttributeValue, Item } from "../values/attribute-value.ts";
import { valueAt } from "../values/document-path.ts";
import { addNumbers, subtractNumbers } from "../values/number.ts";
import type { SetValue } from "./ast.ts";

/** Throws the service's ValidationException when the item lacks an operand or has one of the wrong type. */
export type Evaluate = (item: Item) => AttributeValue;

type Combine = (left: AttributeValue, right: AttributeValue) => AttributeValue | undefined;

export const INCORRECT_OPERAND = "An operand in the update expression has an incorrect data type";

/** Compiles what SET assigns. */
export function evaluation(value: SetValue): Evaluate {
  switch (value.kind) {
    case "value": {
      const constant = value.value;
      return () => constant;
    }
    case "path": {
      const { path } = value;
      return (item) => valueAt(item, path) ?? refuseMissing();
    }
    case "if_not_exists": {
      const { path } = value;
      const otherwise = evaluation(value.otherwise);
      return (item) => valueAt(item, path) ?? otherwise(item);
    }
    case "list_append":
      return combination(value.left, value.right, append);
    case "+":
      return combination(value.left, value.right, (left, right) =>
        "N" in left && "N" in right ? { N: addNumbers(left.N, right.N) } : undefined,
      );
    case "-":
      return combination(value.left, value.right, (left, right) =>
        "N" in left && "N" in right ? { N: subtractNumbers(left.N, right.N) } : undefined,
      );
  }
}

/** The concatenation of two lists; undefined when one is not a list. */
export function append(left: AttributeValue, right: AttributeValue): AttributeValue | undefined {
  return "L" in left && "L" in right ? { L: [...left.L, ...right.L] } : undefined;
}

function combination(left: SetValue, right: SetValue, combine: Combine): Evaluate {
  const first = evaluation(left);
  const second = evaluation(right);
  return (item) => {
    const combined = combine(first(item), second(item));
    if (combined === undefined) throw validation(INCORRECT_OPERAND);
    return combined;
  };
}

function refuseMissing(): never {
  throw validation("The provided expression refers to an attribute that does not exist in the item");
}
