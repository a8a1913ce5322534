/**
 * What stands after WHERE.
 *
 *   or         := and ( OR and )*
 *   and        := not ( AND not )*
 *   not        := NOT not | comparison
 *   comparison := arithmetic ( comparator arithmetic | NOT? BETWEEN arithmetic AND arithmetic | NOT? IN list | IS NOT? ( NULL | MISSING ) )*
 *   list       := "[" arithmetic ( "," arithmetic )* "]" | "(" arithmetic ( "," arithmetic )* ")"
 *
 * A condition may be compared as a value, so that what is in parentheses is known for a condition or a value only after them.
 */
import type { Comparator } from "../expressions/ast.ts";
import { CONDITION_FUNCTIONS } from "../expressions/operand-parser.ts";
import type { ConditionNode, OperandNode } from "../expressions/syntax.ts";
import { asCondition, asOperand, type Node, OperandParser } from "./operand-parser.ts";
import { malformed } from "./refusals.ts";

const COMPARATORS: ReadonlyMap<string, Comparator> = new Map([
  ["=", "="],
  ["<>", "<>"],
  ["!=", "<>"],
  ["<", "<"],
  ["<=", "<="],
  [">", ">"],
  [">=", ">="],
]);

export class ConditionParser extends OperandParser {
  condition(): ConditionNode {
    return asCondition(this.#or());
  }

  override parenthesised(): Node {
    return this.#or();
  }

  override checkArithmetic(operator: string): void {
    this.note(`Unsupported operator in Condition Expression. Operator: ${operator}`);
  }

  override call(): Node {
    return this.callOf(CONDITION_FUNCTIONS) ?? { kind: "and", conditions: [] };
  }

  #or(): Node {
    return this.#chain("OR", () => this.#and());
  }

  #and(): Node {
    return this.#chain("AND", () => this.#not());
  }

  #chain(word: "AND" | "OR", next: () => Node): Node {
    const first = next();
    if (this.word() !== word) return first;
    const conditions = [asCondition(first)];
    while (this.takeWord(word)) {
      this.countOperator();
      conditions.push(asCondition(next()));
    }
    return { kind: word === "AND" ? "and" : "or", conditions };
  }

  #not(): Node {
    let negations = 0;
    while (this.takeWord("NOT")) {
      negations += 1;
      this.countOperator();
    }
    const node = this.#comparison();
    if (negations === 0) return node;
    const condition = asCondition(node);
    return negations % 2 === 0 ? condition : { kind: "not", condition };
  }

  #comparison(): Node {
    let left = this.arithmetic();
    for (let depth = 0; ; depth += 1) {
      const next = this.#predicate(left);
      if (next === undefined) return left;
      // Each comparison of a comparison is one deeper.
      if (depth > 100) throw malformed("Expression is nested too deeply");
      this.countOperator();
      left = next;
    }
  }

  /** The condition that `left` is the first operand of; undefined when nothing follows it. */
  #predicate(left: Node): ConditionNode | undefined {
    const comparator = COMPARATORS.get(this.symbol());
    if (comparator !== undefined) {
      this.take();
      return { kind: "compare", comparator, left: asOperand(left), right: asOperand(this.arithmetic()) };
    }
    if (this.takeWord("IS")) return this.#is(left);
    const negated = this.word() === "NOT";
    const word = this.word(negated ? 1 : 0);
    if (word !== "BETWEEN" && word !== "IN") return undefined;
    if (negated) this.take();
    this.take();
    const condition = word === "IN" ? this.#in(left) : this.#between(left);
    return negated ? { kind: "not", condition } : condition;
  }

  #is(left: Node): ConditionNode {
    const negated = this.takeWord("NOT");
    const word = this.word();
    if (word !== "NULL" && word !== "MISSING") throw malformed("Expected NULL or MISSING");
    this.take();
    const operand = asOperand(left);
    if (word === "MISSING") {
      const name = negated ? "attribute_exists" : "attribute_not_exists";
      return { kind: "function", name, operands: [operand] };
    }
    const isNull: ConditionNode = {
      kind: "function",
      name: "attribute_type",
      operands: [operand, this.constant({ S: "NULL" })],
    };
    return negated ? { kind: "not", condition: isNull } : isNull;
  }

  #between(left: Node): ConditionNode {
    const lower = asOperand(this.arithmetic());
    this.expectWord("AND");
    return { kind: "between", operand: asOperand(left), lower, upper: asOperand(this.arithmetic()) };
  }

  #in(left: Node): ConditionNode {
    const close = this.symbol() === "[" ? "]" : ")";
    if (!this.takeSymbol("[") && !this.takeSymbol("(")) throw malformed("Expected a list after IN");
    const choices: OperandNode[] = [];
    do choices.push(this.nested(() => asOperand(this.arithmetic())));
    while (this.takeSymbol(","));
    this.expectSymbol(close, close === "]" ? "RIGHT_BRACKET" : "RIGHT_PAREN");
    return { kind: "in", operand: asOperand(left), choices };
  }
}
