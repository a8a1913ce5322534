/**
 * Condition, filter and key condition expressions.
 *
 *   or         := and ( OR and )*
 *   and        := not ( AND not )*
 *   not        := NOT not | primary
 *   primary    := "(" or ")" | comparison | between | in | function
 *   comparison := operand ( "=" | "<>" | "<" | "<=" | ">" | ">=" ) operand
 *   between    := operand BETWEEN operand AND operand
 *   in         := operand IN "(" operand ( "," operand )* ")"
 *   operand    := path | :value | size-function | "(" operand ")"
 *   function   := name "(" operand ( "," operand )* ")"
 *
 * A "(" may open a condition or an operand: which one, the tokens after it tell.
 */

import type { Comparator } from "./ast.ts";
import type { ConditionKind } from "./findings.ts";
import { OperandParser } from "./operand-parser.ts";
import { ParseCache } from "./parse-cache.ts";
import type { ConditionNode, FunctionNode, OperandNode, Parsed } from "./syntax.ts";

const KEYWORDS: ReadonlySet<string> = new Set(["AND", "OR", "NOT", "IN", "BETWEEN"]);

const COMPARATORS: Readonly<Record<string, Comparator>> = {
  "=": "=",
  "<>": "<>",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

type Node = ConditionNode | OperandNode;

/** Parses the text of a condition. Throws the service's ValidationException. */
export function parseCondition(kind: ConditionKind, text: string): Parsed<ConditionNode> {
  return caches[kind].get(text, (uncached) => {
    const parser = new ConditionParser(kind, uncached, KEYWORDS);
    const tree = parser.condition();
    parser.finish();
    return { tree, names: parser.names, values: parser.values };
  });
}

const caches: Readonly<Record<ConditionKind, ParseCache<Parsed<ConditionNode>>>> = {
  ConditionExpression: new ParseCache(),
  FilterExpression: new ParseCache(),
  KeyConditionExpression: new ParseCache(),
};

class ConditionParser extends OperandParser {
  condition(): ConditionNode {
    return this.#asCondition(this.#or());
  }

  override operand(): OperandNode {
    if (this.symbol() === "(") return this.parenthesised(() => this.operand());
    return this.bareOperand();
  }

  override checkNested(_outer: string, inner: FunctionNode): void {
    if (inner.name !== "size") this.reportMisused(inner.name);
  }

  #or(): Node {
    return this.#chain("OR", () => this.#and());
  }

  #and(): Node {
    return this.#chain("AND", () => this.#not());
  }

  #chain(word: "AND" | "OR", next: () => Node): Node {
    const first = next();
    if (this.keyword() !== word) return first;
    const conditions = [this.#asCondition(first)];
    while (this.takeKeyword(word)) {
      this.operators++;
      conditions.push(this.#asCondition(next()));
    }
    return { kind: word === "AND" ? "and" : "or", conditions };
  }

  #not(): Node {
    let negations = 0;
    while (this.takeKeyword("NOT")) negations++;
    const node = this.#primary();
    if (negations === 0) return node;
    this.operators += negations;
    const negated: ConditionNode = { kind: "not", condition: this.#asCondition(node) };
    return negations % 2 === 1 ? negated : { kind: "not", condition: negated };
  }

  #primary(): Node {
    const node = this.symbol() === "(" ? this.parenthesised(() => this.#or()) : this.bareOperand();
    return isOperand(node) ? this.#predicate(node) : node;
  }

  /** What follows a left operand; the operand itself when nothing does. */
  #predicate(left: OperandNode): Node {
    const comparator = COMPARATORS[this.symbol()];
    if (comparator !== undefined) {
      this.takeSymbol(comparator);
      this.operators++;
      return { kind: "compare", comparator, left: this.#value(left), right: this.#value(this.operand()) };
    }
    if (this.takeKeyword("BETWEEN")) {
      this.operators++;
      const lower = this.#value(this.operand());
      this.expectKeyword("AND");
      return { kind: "between", operand: this.#value(left), lower, upper: this.#value(this.operand()) };
    }
    if (this.takeKeyword("IN")) {
      this.operators++;
      return { kind: "in", operand: this.#value(left), choices: this.#choices() };
    }
    return left;
  }

  #choices(): readonly OperandNode[] {
    const choices: OperandNode[] = [];
    this.expectSymbol("(");
    do choices.push(this.#value(this.operand()));
    while (this.takeSymbol(","));
    this.expectSymbol(")");
    return choices;
  }

  /** An operand of a comparison: of all functions only `size` gives a value. */
  #value(operand: OperandNode): OperandNode {
    if (operand.kind === "function" && operand.name !== "size") this.reportMisused(operand.name);
    return operand;
  }

  /** A node in a place where a condition must stand. */
  #asCondition(node: Node): ConditionNode {
    if (node.kind === "function") {
      if (node.name === "size") this.reportMisused(node.name);
      return node;
    }
    if (isOperand(node)) throw this.unexpected();
    return node;
  }
}

function isOperand(node: Node): node is OperandNode {
  return node.kind === "path" || node.kind === "value" || node.kind === "function";
}
