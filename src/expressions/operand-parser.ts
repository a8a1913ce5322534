/** Paths, `:values` and function calls, as conditions and updates share them. */
import { PathParser } from "./path-parser.ts";
import type { FunctionNode, OperandNode } from "./syntax.ts";

/** Functions in conditions. */
export const CONDITION_FUNCTIONS: ReadonlySet<string> = new Set([
  "attribute_exists",
  "attribute_not_exists",
  "attribute_type",
  "begins_with",
  "contains",
  "size",
]);
/** Functions in what SET assigns. */
export const UPDATE_FUNCTIONS: ReadonlySet<string> = new Set(["if_not_exists", "list_append"]);

export abstract class OperandParser extends PathParser {
  /** The `:placeholders` met so far. */
  readonly values: string[] = [];

  /** An operand where parentheses may surround it. */
  abstract operand(): OperandNode;

  /** Judges a function call among the operands of another. */
  abstract checkNested(outer: string, inner: FunctionNode): void;

  /** A path, a value or a function call, without parentheses around it. */
  bareOperand(): OperandNode {
    if (this.token().kind === "valuePlaceholder") {
      return { kind: "value", placeholder: this.valuePlaceholder() };
    }
    return this.atCall() ? this.#call() : { kind: "path", path: this.path() };
  }

  valuePlaceholder(): string {
    const { kind, text } = this.token();
    if (kind !== "valuePlaceholder") throw this.unexpected();
    this.advance();
    this.values.push(text);
    return text;
  }

  reportMisused(name: string): void {
    this.findings.report(
      "misusedFunction",
      `The function is not allowed to be used this way in an expression; function: ${name}`,
    );
  }

  #call(): FunctionNode {
    const name = this.token().text;
    this.#checkName(name);
    this.advance();
    this.expectSymbol("(");
    const operands: OperandNode[] = [];
    do {
      const operand = this.operand();
      if (operand.kind === "function") this.checkNested(name, operand);
      operands.push(operand);
    } while (this.takeSymbol(","));
    this.expectSymbol(")");
    return { kind: "function", name, operands };
  }

  #checkName(name: string): void {
    const isUpdate = this.kind === "UpdateExpression";
    if ((isUpdate ? UPDATE_FUNCTIONS : CONDITION_FUNCTIONS).has(name)) return;
    const isKnown = (isUpdate ? CONDITION_FUNCTIONS : UPDATE_FUNCTIONS).has(name);
    const place = isUpdate ? "an update" : "a condition";
    const problem = isKnown ? `The function is not allowed in ${place} expression` : "Invalid function name";
    this.findings.report("unknownFunction", `${problem}; function: ${name}`);
  }
}
