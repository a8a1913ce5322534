/**
 * Update expressions.
 *
 *   update  := clause+
 *   clause  := SET set ( "," set )* | REMOVE path ( "," path )* | ( ADD | DELETE ) path :value ( "," path :value )*
 *   set     := path "=" value
 *   value   := operand ( ( "+" | "-" ) operand )?
 *   operand := path | :value | function | "(" value ")"
 */
import { OperandParser } from "./operand-parser.ts";
import { ParseCache } from "./parse-cache.ts";
import type { ActionNode, FunctionNode, OperandNode, Parsed } from "./syntax.ts";

const KEYWORDS: ReadonlySet<string> = new Set(["SET", "REMOVE", "ADD", "DELETE"]);

/** Parses the text of an update expression into its actions. Throws the service's ValidationException. */
export function parseUpdate(text: string): Parsed<readonly ActionNode[]> {
  return cache.get(text, parse);
}

const cache = new ParseCache<Parsed<readonly ActionNode[]>>();

function parse(text: string): Parsed<readonly ActionNode[]> {
  const parser = new UpdateParser("UpdateExpression", text, KEYWORDS);
  const tree = parser.update();
  parser.finish();
  return { tree, names: parser.names, values: parser.values };
}

class UpdateParser extends OperandParser {
  update(): readonly ActionNode[] {
    const actions: ActionNode[] = [];
    const seen = new Set<string>();
    while (!this.atEnd()) {
      const section = this.keyword();
      if (section === "") throw this.unexpected();
      this.takeKeyword(section);
      if (seen.has(section)) {
        this.findings.report(
          "section",
          `The "${section}" section can only be used once in an update expression;`,
        );
      }
      seen.add(section);
      do actions.push(this.#action(section));
      while (this.takeSymbol(","));
    }
    return actions;
  }

  override operand(): OperandNode {
    if (this.symbol() === "(") return this.parenthesised(() => this.#value());
    return this.bareOperand();
  }

  override checkNested(outer: string, inner: FunctionNode): void {
    if (outer === "list_append" && inner.name === "list_append") this.reportMisused(inner.name);
  }

  #action(section: string): ActionNode {
    const path = this.path();
    switch (section) {
      case "SET":
        this.expectSymbol("=");
        return { kind: "set", path, value: this.#value() };
      case "REMOVE":
        return { kind: "remove", path };
      default:
        return {
          kind: section === "ADD" ? "add" : "delete",
          path,
          placeholder: this.valuePlaceholder(),
        };
    }
  }

  #value(): OperandNode {
    const left = this.operand();
    const operator = this.symbol();
    if (operator !== "+" && operator !== "-") return left;
    this.takeSymbol(operator);
    this.operators++;
    return { kind: "arithmetic", operator, left, right: this.operand() };
  }
}
