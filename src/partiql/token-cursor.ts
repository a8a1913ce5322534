/** A place in the tokens of a statement, and what was noted on the way. Base of all parsers. */
import { ApiError } from "../errors.ts";
import { type Token, tokenize } from "./lexer.ts";
import { malformed } from "./refusals.ts";

/** Constructs that may be open at a time: no statement that can be performed has as many, and the stack bears it. */
const DEPTH_MAX = 200;

export class TokenCursor {
  /** See `ParsedStatement.problem`. */
  problem: string | undefined;
  readonly #text: string;
  readonly #tokens: readonly Token[];
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
  }

  /** The token at the cursor, or one after it; the end when there are not so many. */
  token(ahead = 0): Token {
    const token = this.#tokens[Math.min(this.#at + ahead, this.#tokens.length - 1)];
    if (token === undefined) throw new Error("the tokens of a statement end with an end token");
    return token;
  }

  /** Moves past the token at the cursor and returns it. */
  take(): Token {
    const token = this.token();
    this.#at += 1;
    return token;
  }

  atEnd(): boolean {
    return this.token().kind === "end";
  }

  /** The bare word at the cursor, or one after it, in upper case; "" for any other token. */
  word(ahead = 0): string {
    const { kind, text } = this.token(ahead);
    return kind === "word" ? text.toUpperCase() : "";
  }

  takeWord(word: string): boolean {
    if (this.word() !== word) return false;
    this.#at += 1;
    return true;
  }

  expectWord(word: string): void {
    if (!this.takeWord(word)) throw malformed(`Expected ${word}`);
  }

  /** The symbol at the cursor, or one after it; "" for any other token. */
  symbol(ahead = 0): string {
    const { kind, text } = this.token(ahead);
    return kind === "symbol" ? text : "";
  }

  takeSymbol(symbol: string): boolean {
    if (this.symbol() !== symbol) return false;
    this.#at += 1;
    return true;
  }

  expectSymbol(symbol: string, name: string): void {
    if (!this.takeSymbol(symbol)) throw malformed(`Expected ${name}`);
  }

  /** Whether the cursor is at the name of a function that is called. */
  atCall(): boolean {
    return this.token().kind === "word" && this.symbol(1) === "(";
  }

  /** Moves past `name "(" … ")"`. */
  skipCall(): void {
    this.take();
    let open = 0;
    do {
      if (this.atEnd()) throw malformed("Expected RIGHT_PAREN");
      const symbol = this.symbol();
      if (symbol === "(") open += 1;
      else if (symbol === ")") open -= 1;
      this.take();
    } while (open > 0);
  }

  /** `line:column:length` of a token, the first two counted from 1. */
  position({ start, end }: Token): string {
    const before = this.#text.slice(0, start);
    const line = before.split("\n").length;
    return `${line}:${start - before.lastIndexOf("\n")}:${end - start}`;
  }

  /** Keeps the first problem of a statement that can be read. */
  note(problem: string): void {
    this.problem ??= problem;
  }

  /** The result of `check`; its refusal is noted, and `otherwise` stands for the result. */
  noting<T>(check: () => T, otherwise: T): T {
    try {
      return check();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.note(error.message);
      return otherwise;
    }
  }

  /** Parses something that may contain its own kind. */
  nested<T>(inner: () => T): T {
    this.#depth += 1;
    if (this.#depth > DEPTH_MAX) throw malformed("Expression is nested too deeply");
    const result = inner();
    this.#depth -= 1;
    return result;
  }
}
