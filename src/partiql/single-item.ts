import type { Condition } from "../expressions/ast.ts";
import { conjuncts, predicateIn } from "../expressions/key-condition.ts";
import { type AttributeValue, attribute, type Item, newItem } from "../values/attribute-value.ts";
import { equalValues } from "../values/compare.ts";
import type { KeySchema } from "../values/key-schema.ts";

/** What a condition says of the primary key of one item. */
export interface SingleItem {
  /** The values that its key attributes must equal; a key attribute may lack one. */
  readonly key: Item;
  readonly isComplete: boolean;
  /** A key attribute that would have to equal two different values. */
  readonly contradicted: string | undefined;
  /** What the condition demands beside. */
  readonly rest: readonly Condition[];
}

/** Looks for equalities on key attributes among the conditions that AND joins. `allowsIn`: IN with one value is an equality too. */
export function singleItem(where: Condition | undefined, schema: KeySchema, allowsIn: boolean): SingleItem {
  const names = [...schema.partition, ...schema.sort].map(({ name }) => name);
  const key = newItem();
  const rest: Condition[] = [];
  let contradicted: string | undefined;
  for (const condition of where === undefined ? [] : conjuncts(where)) {
    const [name, value] = equality(condition, allowsIn) ?? [];
    if (name === undefined || value === undefined || !names.includes(name)) {
      rest.push(condition);
      continue;
    }
    const known = attribute(key, name);
    if (known !== undefined && !equalValues(known, value)) contradicted ??= name;
    key[name] = value;
  }
  const isComplete = names.every((name) => attribute(key, name) !== undefined);
  return { key, isComplete, contradicted, rest };
}

function equality(condition: Condition, allowsIn: boolean): readonly [string, AttributeValue] | undefined {
  const [name, predicate] = predicateIn(allowsIn ? oneChoice(condition) : condition) ?? [];
  return name === undefined || predicate?.kind !== "=" ? undefined : [name, predicate.value];
}

/** IN with one value as what it means. */
function oneChoice(condition: Condition): Condition {
  if (condition.kind !== "in" || condition.choices.length !== 1) return condition;
  const [right] = condition.choices;
  return right === undefined
    ? condition
    : { kind: "compare", comparator: "=", left: condition.operand, right };
}
