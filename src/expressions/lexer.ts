/** Cuts an expression into tokens. Anything that cannot begin a token is a token of one character, for the parser to refuse. */

export type TokenKind =
  /** A bare name, keyword or function name. */
  | "name"
  /** `#name` */
  | "namePlaceholder"
  /** `:value` */
  | "valuePlaceholder"
  /** Decimal digits. */
  | "digits"
  /** Operators and punctuation. */
  | "symbol"
  | "unknown"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offsets into the expression. */
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /[ \t\r\n]*(?:(?<name>[A-Za-z]\w*)|(?<namePlaceholder>#\w+)|(?<valuePlaceholder>:\w+)|(?<digits>\d+)|(?<symbol><>|<=|>=|[=<>()[\],.+-])|(?<unknown>[^ \t\r\n]))/uy;

const KINDS: readonly TokenKind[] = [
  "name",
  "namePlaceholder",
  "valuePlaceholder",
  "digits",
  "symbol",
  "unknown",
];

/** The tokens of `text`, the last of which has the kind "end". */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  for (let match = TOKEN.exec(text); match !== null; match = TOKEN.exec(text)) {
    const end = TOKEN.lastIndex;
    const group = match.slice(1).findIndex((part) => part !== undefined);
    const lexeme = match[group + 1] ?? "";
    tokens.push({ kind: KINDS[group] ?? "unknown", text: lexeme, start: end - lexeme.length, end });
  }
  tokens.push({ kind: "end", text: "<EOF>", start: text.length, end: text.length });
  return tokens;
}
