/** A place in the tokens of an expression, and the refusal of tokens that do not belong there. Base of all parsers. */
import type { ApiError } from "../errors.ts";
import { type ExpressionKind, Findings, invalidExpression } from "./findings.ts";
import { type Token, tokenize } from "./lexer.ts";

const EXPRESSION_BYTES_MAX = 4096;
const OPERATORS_MAX = 300;
/** More open parentheses than any valid expression can have: each pair that is not redundant contains an operator. */
const PARENTHESES_MAX = 1000;

const OPERATOR_WORDS: ReadonlySet<string> = new Set(["AND", "OR", "NOT", "IN", "BETWEEN"]);
const COMPARATORS: ReadonlySet<string> = new Set(["=", "<>", "<", "<=", ">", ">="]);

export class TokenCursor {
  readonly kind: ExpressionKind;
  readonly findings: Findings;
  /** Operators met so far; the parsers count them. */
  operators = 0;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  /** Bare words that mean something in this kind of expression, in upper case. */
  readonly #keywords: ReadonlySet<string>;
  #at = 0;
  #open = 0;
  /** Places of the pair of parentheses closed last: of its "(", and of the token after its ")". */
  #closedFrom = -1;
  #closedTo = -1;

  constructor(kind: ExpressionKind, text: string, keywords: ReadonlySet<string>) {
    const bytes = Buffer.byteLength(text);
    if (bytes > EXPRESSION_BYTES_MAX) {
      throw invalidExpression(
        kind,
        `Expression size has exceeded the maximum allowed size; expression size: ${bytes}`,
      );
    }
    this.kind = kind;
    this.findings = new Findings(kind);
    this.#text = text;
    this.#tokens = tokenize(text);
    this.#keywords = keywords;
    if (this.atEnd()) throw invalidExpression(kind, "The expression can not be empty;");
  }

  /** Refuses tokens that are left over, and throws the most important problem if any was found. */
  finish(): void {
    if (!this.atEnd()) throw this.unexpected();
    if (this.operators > OPERATORS_MAX) this.#reportOperators(this.operators);
    this.findings.throwFirst();
  }

  atEnd(): boolean {
    return this.token().kind === "end";
  }

  /** The token at the cursor. */
  token(): Token {
    return this.#tokenAt(this.#at);
  }

  /** Moves past the token at the cursor. */
  advance(): void {
    this.#at++;
  }

  /** The keyword at the cursor in upper case, or "". */
  keyword(): string {
    const { kind, text } = this.token();
    const word = kind === "name" ? text.toUpperCase() : "";
    return this.#keywords.has(word) ? word : "";
  }

  takeKeyword(word: string): boolean {
    if (this.keyword() !== word) return false;
    this.#at++;
    return true;
  }

  expectKeyword(word: string): void {
    if (!this.takeKeyword(word)) throw this.unexpected();
  }

  /** The symbol at the cursor, or "". */
  symbol(): string {
    const { kind, text } = this.token();
    return kind === "symbol" ? text : "";
  }

  takeSymbol(symbol: string): boolean {
    if (this.symbol() !== symbol) return false;
    this.#at++;
    return true;
  }

  expectSymbol(symbol: string): void {
    if (!this.takeSymbol(symbol)) throw this.unexpected();
  }

  /** Whether the cursor is at the name of a function that is called. */
  atCall(): boolean {
    return this.token().kind === "name" && this.keyword() === "" && this.#tokenAt(this.#at + 1).text === "(";
  }

  /** Parses `"(" inner ")"`. A second pair around the same thing is reported as redundant. */
  parenthesised<T>(inner: () => T): T {
    const from = this.#at;
    this.expectSymbol("(");
    if (++this.#open > PARENTHESES_MAX) throw this.#tooDeep();
    const result = inner();
    const redundant = this.#closedFrom === from + 1 && this.#closedTo === this.#at;
    this.expectSymbol(")");
    if (redundant) this.#reportParentheses();
    this.#open--;
    this.#closedFrom = from;
    this.#closedTo = this.#at;
    return result;
  }

  /** The refusal of the token at the cursor. */
  unexpected(): ApiError {
    return this.#unexpectedAt(this.#at);
  }

  /** `near` is the source from the token before the refused one to the token after it. */
  #unexpectedAt(at: number): ApiError {
    const token = this.#tokenAt(at);
    const next = this.#tokenAt(at + 1);
    const from = at === 0 ? token.start : this.#tokenAt(at - 1).start;
    const last = next.kind === "end" ? token : next;
    const to = token.kind === "end" ? this.#tokenAt(at - 1).end : last.end;
    return invalidExpression(
      this.kind,
      `Syntax error; token: "${token.text}", near: "${this.#text.slice(from, to)}"`,
    );
  }

  /** The refusal of an expression with more open parentheses than are followed. */
  #tooDeep(): ApiError | undefined {
    const count = (isWanted: (token: Token, at: number) => boolean) => this.#tokens.filter(isWanted).length;
    const opened = count(({ text }) => text === "(");
    if (opened !== count(({ text }) => text === ")")) return this.#unexpectedAt(this.#tokens.length - 1);
    const doubled = count(({ text }, at) => text === "(" && this.#tokenAt(at + 1).text === "(");
    if (doubled > 0) this.#reportParentheses();
    this.#reportOperators(
      count(({ text }) => COMPARATORS.has(text) || OPERATOR_WORDS.has(text.toUpperCase())),
    );
    return this.findings.first();
  }

  #reportParentheses(): void {
    this.findings.report("parentheses", "The expression has redundant parentheses;");
  }

  #reportOperators(count: number): void {
    this.findings.report("operators", `The expression contains too many operators; operator count: ${count}`);
  }

  /** The end when `at` lies beyond it. */
  #tokenAt(at: number): Token {
    const token = this.#tokens[Math.min(at, this.#tokens.length - 1)];
    if (token === undefined) throw new Error("the tokens of an expression end with an end token");
    return token;
  }
}
