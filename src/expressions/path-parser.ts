/** Document paths: `path := name ( "." name | "[" digits "]" )*`, where a name is bare or a `#placeholder`. */
import { isReserved } from "./reserved-words.ts";
import type { PathSyntax } from "./syntax.ts";
import { TokenCursor } from "./token-cursor.ts";

const STEPS_MAX = 32;
const LIST_INDEX_MAX = 2 ** 31 - 1;

export class PathParser extends TokenCursor {
  /** The `#placeholders` met so far. */
  readonly names: string[] = [];

  path(): PathSyntax {
    if (this.keyword() !== "") throw this.unexpected();
    const steps: (string | number)[] = [this.#name()];
    for (;;) {
      if (this.takeSymbol(".")) steps.push(this.#name());
      else if (this.takeSymbol("[")) steps.push(this.#listIndex());
      else break;
    }
    if (steps.length > STEPS_MAX) {
      this.findings.report(
        "path",
        `The document path has too many nesting levels; nesting levels: ${steps.length}`,
      );
    }
    return steps;
  }

  #name(): string {
    const { kind, text } = this.token();
    if (kind === "namePlaceholder") this.names.push(text);
    else if (kind !== "name") throw this.unexpected();
    else if (isReserved(text)) {
      this.findings.report("reservedWord", `Attribute name is a reserved keyword; reserved keyword: ${text}`);
    }
    this.advance();
    return text;
  }

  #listIndex(): number {
    const { kind, text } = this.token();
    if (kind !== "digits") throw this.unexpected();
    this.advance();
    this.expectSymbol("]");
    const index = Number(text);
    if (index > LIST_INDEX_MAX) {
      this.findings.report("path", `List index is not within the allowable range; index: [${text}]`);
    }
    return index;
  }
}
