/** Puts real names and values into a parsed update, and makes the checks that need them. */
import { type AttributeValue, type TypeName, typeOf } from "../values/attribute-value.ts";
import type { SetValue, UpdateAction } from "./ast.ts";
import type { Findings } from "./findings.ts";
import type { Bindings } from "./placeholders.ts";
import type { ActionNode, ArithmeticNode, FunctionNode, OperandNode } from "./syntax.ts";

/** Types as ADD and DELETE name them. */
const LONG_TYPE_NAMES: Readonly<Record<TypeName, string>> = {
  S: "STRING",
  N: "NUMBER",
  B: "BINARY",
  BOOL: "BOOL",
  NULL: "NULL",
  SS: "STRING_SET",
  NS: "NUMBER_SET",
  BS: "BINARY_SET",
  L: "LIST",
  M: "MAP",
};

/** Stands for what is reported as a problem and never evaluated. */
const NOTHING: SetValue = { kind: "value", value: { NULL: true } };

/** The actions with real names and values. Problems are reported, not thrown. */
export function bindActions(
  nodes: readonly ActionNode[],
  bindings: Bindings,
  findings: Findings,
): readonly UpdateAction[] {
  const binder = new Binder(bindings, findings);
  return nodes.map((node) => binder.action(node));
}

/** Whether ADD takes such a value in an update expression. */
export function canAdd(value: AttributeValue): boolean {
  return "N" in value || isSet(value);
}

export function isSet(value: AttributeValue): boolean {
  return "SS" in value || "NS" in value || "BS" in value;
}

class Binder {
  readonly #bindings: Bindings;
  readonly #findings: Findings;

  constructor(bindings: Bindings, findings: Findings) {
    this.#bindings = bindings;
    this.#findings = findings;
  }

  action(node: ActionNode): UpdateAction {
    const path = this.#bindings.path(node.path);
    switch (node.kind) {
      case "set":
        return { kind: "set", path, value: this.#value(node.value) };
      case "remove":
        return { kind: "remove", path };
      case "add":
      case "delete": {
        const value = this.#bindings.value(node.placeholder);
        this.#checkActionType(node.kind, value);
        return { kind: node.kind, path, value };
      }
    }
  }

  #checkActionType(kind: "add" | "delete", value: AttributeValue): void {
    if (kind === "add" ? canAdd(value) : isSet(value)) return;
    this.#findings.report(
      "actionType",
      `Incorrect operand type for operator or function; operator: ${kind.toUpperCase()}, operand type: ${LONG_TYPE_NAMES[typeOf(value)]}, typeSet: ALLOWED_FOR_ADD_OPERAND`,
    );
  }

  #value(node: OperandNode): SetValue {
    switch (node.kind) {
      case "path":
        return { kind: "path", path: this.#bindings.path(node.path) };
      case "value":
        return { kind: "value", value: this.#bindings.value(node.placeholder) };
      case "arithmetic":
        return this.#arithmetic(node);
      case "function":
        return this.#call(node);
      case "condition":
        throw new Error("updates assign no conditions");
    }
  }

  #arithmetic({ operator, left, right }: ArithmeticNode): SetValue {
    const operands = [this.#value(left), this.#value(right)] as const;
    for (const operand of operands) this.#checkType(operator, operand, "N");
    return { kind: operator, left: operands[0], right: operands[1] };
  }

  #call({ name, operands }: FunctionNode): SetValue {
    const [first, second] = operands.map((operand) => this.#value(operand));
    if (first === undefined || second === undefined || operands.length !== 2) {
      this.#findings.report(
        "operandCount",
        `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
      );
      return NOTHING;
    }
    if (name === "list_append") {
      this.#checkType(name, first, "L");
      this.#checkType(name, second, "L");
      return { kind: "list_append", left: first, right: second };
    }
    if (first.kind === "path") return { kind: "if_not_exists", path: first.path, otherwise: second };
    this.#findings.report(
      "operandType",
      `Operator or function requires a document path; operator or function: ${name}`,
    );
    return NOTHING;
  }

  #checkType(operator: string, operand: SetValue, expected: TypeName): void {
    const type = constantType(operand);
    if (type === undefined || type === expected) return;
    this.#findings.report(
      "operandType",
      `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
    );
  }
}

/** The type that a value is known to have whatever the item. */
function constantType(value: SetValue): TypeName | undefined {
  switch (value.kind) {
    case "path":
      return undefined;
    case "value":
      return typeOf(value.value);
    case "if_not_exists":
      return constantType(value.otherwise);
    case "list_append":
      return "L";
    case "+":
    case "-":
      return "N";
  }
}
