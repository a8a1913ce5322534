/**
 * What conditions and assignments are made of.
 *
 *   path       := name ( "." name | "[" index "]" )*
 *   arithmetic := term ( ( "+" | "-" ) term )*
 *   term       := literal | "?" | path | function | "(" … ")"
 *   function   := name "(" ( arithmetic ( "," arithmetic )* )? ")"
 */
import type {
  ConditionNode,
  FunctionNode,
  OperandNode,
  PathSyntax,
  ValueNode,
} from "../expressions/syntax.ts";
import type { AttributeValue } from "../values/attribute-value.ts";
import { normalizeName } from "../values/normalize.ts";
import { LiteralParser } from "./literal-parser.ts";
import { malformed, NESTING } from "./refusals.ts";
import { isReserved } from "./reserved-words.ts";
import { literalPlaceholder, parameterPlaceholder } from "./syntax.ts";

const STEPS_MAX = 32;
const LIST_INDEX_MAX = 2 ** 31 - 1;
const OPERATORS_MAX = 300;

const ARITHMETIC: ReadonlySet<string> = new Set(["+", "-", "*", "/", "%"]);

export type Node = ConditionNode | OperandNode;

export abstract class OperandParser extends LiteralParser {
  readonly literals: AttributeValue[] = [];
  parameters = 0;
  #operators = 0;

  /** What stands in parentheses. */
  abstract parenthesised(): Node;

  /** A call of a function, known or not. */
  abstract call(): Node;

  /** Judges arithmetic. */
  abstract checkArithmetic(operator: string): void;

  arithmetic(): Node {
    let left = this.#term();
    while (ARITHMETIC.has(this.symbol())) {
      const operator = this.take().text;
      this.countOperator();
      this.checkArithmetic(operator);
      const right = this.#term();
      left = {
        kind: "arithmetic",
        operator: operator === "-" ? "-" : "+",
        left: asOperand(left),
        right: asOperand(right),
      };
    }
    return left;
  }

  path(): PathSyntax {
    const steps: (string | number)[] = [this.#name("Unexpected keyword")];
    for (;;) {
      if (this.takeSymbol(".")) steps.push(this.#name("Invalid path dot component"));
      else if (this.takeSymbol("[")) steps.push(this.#listIndex());
      else break;
    }
    if (steps.length > STEPS_MAX) this.note(NESTING);
    return steps;
  }

  /** The operands of a call, its name passed already. */
  operands(): readonly OperandNode[] {
    this.expectSymbol("(", "LEFT_PAREN");
    const operands: OperandNode[] = [];
    if (this.takeSymbol(")")) return operands;
    do operands.push(this.nested(() => asOperand(this.arithmetic())));
    while (this.takeSymbol(","));
    this.expectSymbol(")", "RIGHT_PAREN");
    return operands;
  }

  /** A constant or a parameter. */
  value(): ValueNode {
    if (this.takeSymbol("?")) {
      this.parameters += 1;
      return { kind: "value", placeholder: parameterPlaceholder(this.parameters - 1) };
    }
    return this.constant(this.literal());
  }

  constant(value: AttributeValue): ValueNode {
    this.literals.push(value);
    return { kind: "value", placeholder: literalPlaceholder(this.literals.length - 1) };
  }

  /** The constant with a placeholder; undefined for a parameter's. */
  literalOf(placeholder: string): AttributeValue | undefined {
    return this.literals.find((_, at) => literalPlaceholder(at) === placeholder);
  }

  countOperator(): void {
    this.#operators += 1;
    if (this.#operators > OPERATORS_MAX) {
      this.note(`The expression contains too many operators; operator count: ${this.#operators}`);
    }
  }

  /** The call of one of `functions`; undefined for any other, which is noted and passed over. */
  callOf(functions: ReadonlySet<string>): FunctionNode | undefined {
    const token = this.token();
    const name = token.text.toLowerCase();
    if (functions.has(name)) {
      this.take();
      return { kind: "function", name, operands: this.operands() };
    }
    this.note(`Unrecognized function: ${name} at ${this.position(token)}`);
    this.skipCall();
    return undefined;
  }

  #term(): Node {
    if (this.symbol() === "(") {
      this.take();
      const inner = this.nested(() => this.parenthesised());
      this.expectSymbol(")", "RIGHT_PAREN");
      return inner;
    }
    if (this.atCall()) return this.call();
    if (this.symbol() === "?" || this.atLiteral()) return this.value();
    return { kind: "path", path: this.path() };
  }

  #name(problem: string): string {
    const { kind, text } = this.token();
    if (kind === "quoted") {
      if (text === "") this.note("Path component cannot be an empty string");
    } else if (kind !== "word" || isReserved(text)) throw malformed(problem);
    this.take();
    return text === "" ? text : this.noting(() => normalizeName(text), text);
  }

  #listIndex(): number {
    const sign = this.takeSymbol("-") ? "-" : "";
    const token = this.take();
    if (token.kind !== "number" || !/^\d+$/.test(token.text)) throw malformed("Invalid path component");
    this.expectSymbol("]", "RIGHT_BRACKET");
    const index = Number(token.text);
    if (index > LIST_INDEX_MAX || (sign === "-" && index > 0)) {
      this.note(
        `List index is not within the allowable range; index: [${sign}${token.text}] at ${this.position(token)}`,
      );
    }
    return index;
  }
}

/** Functions whose result is a value that is no BOOL. */
const VALUE_FUNCTIONS: ReadonlySet<string> = new Set(["size", "list_append", "if_not_exists"]);

const isValueFunction = (node: FunctionNode): boolean => VALUE_FUNCTIONS.has(node.name);

/** A node where a value must stand: a condition gives its truth. */
export function asOperand(node: Node): OperandNode {
  switch (node.kind) {
    case "path":
    case "value":
    case "arithmetic":
    case "condition":
      return node;
    case "function":
      return isValueFunction(node) ? node : { kind: "condition", condition: node };
    default:
      return { kind: "condition", condition: node };
  }
}

/** A node where a condition must stand. */
export function asCondition(node: Node): ConditionNode {
  const operand = asOperand(node);
  if (operand.kind === "condition") return operand.condition;
  throw malformed("Expected a condition");
}
