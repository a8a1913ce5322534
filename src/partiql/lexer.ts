/** Cuts a statement into tokens. White space, `-- comments` and block comments lie between them. */
import { malformed } from "./refusals.ts";

export type TokenKind =
  /** A bare name, keyword or function name. */
  | "word"
  /** A name in double quotes; `text` is what they enclose. */
  | "quoted"
  /** A string in single quotes; `text` is its value. */
  | "string"
  /** Without a sign. */
  | "number"
  /** Operators and punctuation, `?` among them. */
  | "symbol"
  | "end";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  /** Offsets into the statement. */
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /(?<word>[A-Za-z_$][\w$]*)|(?<quoted>"(?:[^"]|"")*")|(?<string>'(?:[^']|'')*')|(?<number>(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?)|(?<symbol><<|>>|<>|<=|>=|!=|[=<>()[\]{},.:;?+\-*/%])/y;

const KINDS: readonly TokenKind[] = ["word", "quoted", "string", "number", "symbol"];

/** The tokens of `text`, the last of which has the kind "end". Throws when something in it cannot be one. */
export function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  let at = skipBlank(text, 0);
  while (at < text.length) {
    TOKEN.lastIndex = at;
    const match = TOKEN.exec(text);
    if (match === null) throw malformed("Unexpected character");
    const group = match.slice(1).findIndex((part) => part !== undefined);
    const kind = KINDS[group] ?? "symbol";
    tokens.push({ kind, text: contentOf(kind, match[0]), start: at, end: TOKEN.lastIndex });
    at = skipBlank(text, TOKEN.lastIndex);
  }
  tokens.push({ kind: "end", text: "", start: text.length, end: text.length });
  return tokens;
}

function contentOf(kind: TokenKind, lexeme: string): string {
  if (kind === "string") return lexeme.slice(1, -1).replaceAll("''", "'");
  return kind === "quoted" ? lexeme.slice(1, -1).replaceAll('""', '"') : lexeme;
}

/** The first place from `from` on that is neither white space nor in a comment. */
function skipBlank(text: string, from: number): number {
  let at = from;
  for (;;) {
    if (text.startsWith("--", at)) {
      const end = text.indexOf("\n", at);
      if (end < 0) return text.length;
      at = end + 1;
    } else if (text.startsWith("/*", at)) {
      const end = text.indexOf("*/", at + 2);
      if (end < 0) throw malformed("Unterminated comment");
      at = end + 2;
    } else if (at < text.length && text.charAt(at).trim() === "") at += 1;
    else return at;
  }
}
