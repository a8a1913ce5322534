/** Puts real names and values into a parsed condition, and makes the checks that need them. */
import { type AttributeValue, describeValue, type TypeName, typeOf } from "../values/attribute-value.ts";
import { compareValues } from "../values/compare.ts";
import { formatPath, samePath } from "../values/document-path.ts";
import type { Comparator, Condition, Operand } from "./ast.ts";
import { type ConditionKind, Findings } from "./findings.ts";
import type { Bindings, Placeholders } from "./placeholders.ts";
import type { ConditionNode, FunctionNode, OperandNode, Parsed } from "./syntax.ts";

const IN_CHOICES_MAX = 100;
const ALL_TYPES = "{NS,SS,L,BS,N,M,B,BOOL,NULL,S}";
const TYPE_NAMES: readonly TypeName[] = ["B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M"];
/** The same as PartiQL lists them. */
const TYPE_NAMES_IN_STATEMENTS: readonly TypeName[] = [
  "N",
  "BS",
  "L",
  "B",
  "NULL",
  "M",
  "S",
  "SS",
  "NS",
  "BOOL",
];

/** Stands for what is reported as a problem and never evaluated. */
const NOTHING: Condition = { kind: "and", conditions: [] };

/** The condition, checked. Throws the service's ValidationException. */
export function bindCondition(
  kind: ConditionKind,
  parsed: Parsed<ConditionNode>,
  placeholders: Placeholders,
): Condition {
  placeholders.use(kind, parsed);
  const findings = new Findings(kind);
  const condition = bindConditionNode(parsed.tree, placeholders, findings);
  findings.throwFirst();
  return condition;
}

/** The condition that a tree stands for. Problems are reported, not thrown. */
export function bindConditionNode(node: ConditionNode, bindings: Bindings, findings: Findings): Condition {
  return new Binder(bindings, findings).condition(node);
}

class Binder {
  readonly #bindings: Bindings;
  readonly #findings: Findings;

  constructor(bindings: Bindings, findings: Findings) {
    this.#bindings = bindings;
    this.#findings = findings;
  }

  condition(node: ConditionNode): Condition {
    switch (node.kind) {
      case "compare":
        return this.#compare(node.comparator, this.#operand(node.left), this.#operand(node.right));
      case "between":
        return this.#between(
          this.#operand(node.operand),
          this.#operand(node.lower),
          this.#operand(node.upper),
        );
      case "in":
        return this.#in(this.#operand(node.operand), node.choices);
      case "and":
      case "or":
        return { kind: node.kind, conditions: node.conditions.map((part) => this.condition(part)) };
      case "not":
        return { kind: "not", condition: this.condition(node.condition) };
      case "function":
        return this.#call(node);
    }
  }

  #operand(node: OperandNode): Operand {
    if (node.kind === "path") return { kind: "path", path: this.#bindings.path(node.path) };
    if (node.kind === "value") return { kind: "value", value: this.#bindings.value(node.placeholder) };
    if (node.kind === "condition") return { kind: "condition", condition: this.condition(node.condition) };
    if (node.kind === "arithmetic") throw new Error("conditions have no arithmetic");
    const [operand] = this.#operands(node, 1);
    if (operand === undefined) return { kind: "path", path: [] };
    const type = constantType(operand);
    if (type === "N" || type === "BOOL" || type === "NULL") this.#wrongType("size", type);
    return { kind: "size", operand };
  }

  /** The operands of a call; none when their number is wrong. */
  #operands({ name, operands }: FunctionNode, expected: number): readonly Operand[] {
    if (operands.length === expected) return operands.map((operand) => this.#operand(operand));
    this.#findings.report(
      "operandCount",
      `Incorrect number of operands for operator or function; operator or function: ${name}, number of operands: ${operands.length}`,
    );
    return [];
  }

  #compare(comparator: Comparator, left: Operand, right: Operand): Condition {
    this.#checkDistinct(comparator, left, right);
    if (comparator !== "=" && comparator !== "<>") this.#checkOrdered(comparator, [left, right]);
    return { kind: "compare", comparator, left, right };
  }

  #between(operand: Operand, lower: Operand, upper: Operand): Condition {
    const isOrdered = this.#checkOrdered("BETWEEN", [operand, lower, upper]);
    if (isOrdered && lower.kind === "value" && upper.kind === "value") {
      this.#checkBounds(lower.value, upper.value);
    }
    return { kind: "between", operand, lower, upper };
  }

  #checkBounds(lower: AttributeValue, upper: AttributeValue): void {
    const problem =
      typeOf(lower) !== typeOf(upper)
        ? "same data type for lower and upper bounds"
        : (compareValues(lower, upper) ?? 0) > 0
          ? "upper bound to be greater than or equal to lower bound"
          : undefined;
    if (problem === undefined) return;
    this.#findings.report(
      "operandType",
      `The BETWEEN operator requires ${problem}; lower bound operand: ${describeValue(lower)}, upper bound operand: ${describeValue(upper)}`,
    );
  }

  #in(operand: Operand, choices: readonly OperandNode[]): Condition {
    if (choices.length > IN_CHOICES_MAX) {
      this.#findings.report(
        "operandCount",
        `The IN operator is provided with too many operands; number of operands: ${choices.length}`,
      );
    }
    return { kind: "in", operand, choices: choices.map((choice) => this.#operand(choice)) };
  }

  #call(node: FunctionNode): Condition {
    switch (node.name) {
      case "attribute_exists":
      case "attribute_not_exists":
        return this.#existence(node.name, node);
      case "attribute_type":
        return this.#attributeType(node);
      case "begins_with":
      case "contains":
        return this.#search(node.name, node);
      default:
        throw new Error(`the parser let ${node.name} pass`);
    }
  }

  #existence(kind: "attribute_exists" | "attribute_not_exists", node: FunctionNode): Condition {
    const [operand] = this.#operands(node, 1);
    if (operand === undefined) return NOTHING;
    if (operand.kind === "path") return { kind, path: operand.path };
    this.#findings.report(
      "operandType",
      `Operator or function requires a document path; operator or function: ${kind}`,
    );
    return NOTHING;
  }

  #attributeType(node: FunctionNode): Condition {
    const [operand, wanted] = this.#operands(node, 2);
    if (operand === undefined || wanted === undefined) return NOTHING;
    if (wanted.kind !== "value" || !("S" in wanted.value)) {
      this.#wrongType("attribute_type", constantType(wanted) ?? ALL_TYPES);
      return NOTHING;
    }
    const name = wanted.value.S;
    const type = TYPE_NAMES.find((known) => known === name);
    if (type !== undefined) return { kind: "attribute_type", operand, type };
    const listed = this.#findings.kind === "Statement" ? TYPE_NAMES_IN_STATEMENTS : TYPE_NAMES;
    this.#findings.report(
      "operandType",
      `Invalid attribute type name found; type: ${name}, valid types: {${listed.join(",")}}`,
    );
    return NOTHING;
  }

  #search(kind: "begins_with" | "contains", node: FunctionNode): Condition {
    const [operand, argument] = this.#operands(node, 2);
    if (operand === undefined || argument === undefined) return NOTHING;
    if (kind === "contains") this.#checkDistinct(kind, operand, argument);
    else {
      for (const type of [constantType(operand), constantType(argument)]) {
        if (type !== undefined && type !== "S" && type !== "B") this.#wrongType(kind, type);
      }
    }
    return { kind, operand, argument };
  }

  #checkDistinct(operator: string, left: Operand, right: Operand): void {
    if (left.kind !== "path" || right.kind !== "path" || !samePath(left.path, right.path)) return;
    this.#findings.report(
      "distinct",
      `The first operand must be distinct from the remaining operands for this operator or function; operator: ${operator}, first operand: ${formatPath(left.path)}`,
    );
  }

  /** Whether all constants among the operands are of types that have an order. */
  #checkOrdered(operator: string, operands: readonly Operand[]): boolean {
    let isOrdered = true;
    for (const operand of operands) {
      const type = constantType(operand);
      if (type === undefined || type === "S" || type === "N" || type === "B") continue;
      this.#wrongType(operator, type);
      isOrdered = false;
    }
    return isOrdered;
  }

  #wrongType(operator: string, type: string): void {
    this.#findings.report(
      "operandType",
      `Incorrect operand type for operator or function; operator or function: ${operator}, operand type: ${type}`,
    );
  }
}

/** The type that an operand has whatever the item; undefined when the item decides. */
function constantType(operand: Operand): TypeName | undefined {
  switch (operand.kind) {
    case "path":
      return undefined;
    case "value":
      return typeOf(operand.value);
    case "size":
      return "N";
    case "condition":
      return "BOOL";
  }
}
