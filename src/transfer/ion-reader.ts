/** Items from Amazon Ion text: one record per line, as the service writes them. What has no counterpart in DynamoDB is refused. */
import { type ApiError, validation } from "../errors.ts";
import { toBlob } from "../protocol/conversions.ts";
import type { RawAttributeValue, RawItem } from "../values/attribute-value.ts";

const DEPTH_MAX = 128;
const SETS = { $dynamodb_SS: "SS", $dynamodb_NS: "NS", $dynamodb_BS: "BS" } as const;
const SPACE = /[\s]*/y;
const VERSION = /\$ion_1_0(?![\w$])/y;
const WORD = /[A-Za-z_$][\w$]*/y;
const NUMBER = /[+-]?[0-9][\w.+-]*/y;
const DECIMAL = /^-?[0-9]+(?:\.[0-9]*)?(?:[dDeE][+-]?[0-9]+)?$/;
const BLOB = /\{\{([A-Za-z0-9+/=\s]*)\}\}/y;
const ESCAPE = /^(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))/;
const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  "0": "\0",
  a: "\x07",
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  v: "\v",
  '"': '"',
  "'": "'",
  "?": "?",
  "\\": "\\",
  "/": "/",
};

/** The item in a line of ION; undefined for a line without a value. Throws `ApiError` for one that holds none. */
export function itemOfIon(line: string): RawItem | undefined {
  const reader = new IonReader(line);
  reader.skipVersion();
  if (reader.isAtEnd) return undefined;
  const { M: record } = reader.value(1);
  if (!reader.isAtEnd) throw reader.wrong();
  const item = record !== undefined && Object.hasOwn(record, "Item") ? record["Item"] : undefined;
  if (item?.M === undefined) throw validation("The line is no struct with an Item");
  return item.M;
}

class IonReader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    this.#match(SPACE);
    return this.#at === this.#text.length;
  }

  wrong(): ApiError {
    return validation(`The line is not Ion that DynamoDB knows, at character ${this.#at + 1}`);
  }

  skipVersion(): void {
    this.#match(SPACE);
    this.#match(VERSION);
  }

  value(depth: number): RawAttributeValue {
    if (depth > DEPTH_MAX) throw validation("The line is nested too deeply");
    this.#match(SPACE);
    const next = this.#text[this.#at];
    if (next === '"') return { S: this.#quoted('"') };
    if (next === "[") return { L: this.#list((inner) => this.value(inner), depth) };
    if (next === "{") {
      return this.#text[this.#at + 1] === "{" ? { B: this.#blob() } : { M: this.#struct(depth) };
    }
    return next === "-" || (next !== undefined && next >= "0" && next <= "9")
      ? { N: this.#number() }
      : this.#word(depth);
  }

  #word(depth: number): RawAttributeValue {
    const [word = ""] = this.#match(WORD) ?? [];
    if (word === "true" || word === "false") return { BOOL: word === "true" };
    if (word === "null") return { NULL: true };
    this.#match(SPACE);
    const type = Object.hasOwn(SETS, word) ? SETS[word as keyof typeof SETS] : undefined;
    if (type === undefined || !this.#text.startsWith("::", this.#at)) throw this.wrong();
    this.#at += 2;
    this.#match(SPACE);
    const member = { SS: () => this.#string(), NS: () => this.#number(), BS: () => this.#blob() }[type];
    return { [type]: this.#list(member, depth) };
  }

  #struct(depth: number): RawItem {
    const item: Record<string, RawAttributeValue> = Object.create(null);
    this.#sequence("{", "}", () => {
      const name = this.#name();
      this.#expect(":");
      item[name] = this.value(depth + 1);
    });
    return item;
  }

  #list<T>(member: (depth: number) => T, depth: number): T[] {
    const members: T[] = [];
    this.#sequence("[", "]", () => {
      members.push(member(depth + 1));
    });
    return members;
  }

  /** Elements between brackets, with commas between them, and perhaps one behind the last. */
  #sequence(open: string, close: string, element: () => void): void {
    this.#expect(open);
    for (let isFirst = true; ; isFirst = false) {
      if (this.#take(close)) return;
      if (!isFirst) {
        this.#expect(",");
        if (this.#take(close)) return;
      }
      this.#match(SPACE);
      element();
    }
  }

  #name(): string {
    const next = this.#text[this.#at];
    if (next === '"' || next === "'") return this.#quoted(next);
    const [word] = this.#match(WORD) ?? [];
    if (word === undefined) throw this.wrong();
    return word;
  }

  #string(): string {
    if (this.#text[this.#at] !== '"') throw this.wrong();
    return this.#quoted('"');
  }

  #quoted(quote: string): string {
    let result = "";
    for (let start = this.#at + 1, at = start; ; ) {
      const character = this.#text[at];
      if (character === undefined) throw this.wrong();
      if (character === quote || character === "\\") result += this.#text.slice(start, at);
      if (character === quote) {
        this.#at = at + 1;
        return result;
      }
      at += 1;
      if (character !== "\\") continue;
      const [escaped, length] = this.#escape(at);
      result += escaped;
      at += length;
      start = at;
    }
  }

  /** What the escape behind a backslash stands for, and its length. */
  #escape(at: number): readonly [string, number] {
    const simple = SIMPLE_ESCAPES[this.#text[at] ?? ""];
    if (simple !== undefined) return [simple, 1];
    const [all, two, four, eight] = ESCAPE.exec(this.#text.slice(at, at + 9)) ?? [];
    const code = Number.parseInt(two ?? four ?? eight ?? "", 16);
    if (all === undefined || !(code <= 0x10ffff)) throw this.wrong();
    return [String.fromCodePoint(code), all.length];
  }

  #number(): string {
    const [text = ""] = this.#match(NUMBER) ?? [];
    const digits = text.replaceAll("_", "");
    if (!DECIMAL.test(digits)) throw this.wrong();
    return digits.replace(/[dD]/, "E");
  }

  #blob(): string {
    const base64 = this.#match(BLOB)?.[1];
    if (base64 === undefined) throw this.wrong();
    return toBlob(base64.replace(/\s/g, ""));
  }

  #expect(token: string): void {
    if (!this.#take(token)) throw this.wrong();
  }

  #take(token: string): boolean {
    this.#match(SPACE);
    if (!this.#text.startsWith(token, this.#at)) return false;
    this.#at += token.length;
    return true;
  }

  #match(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at += found[0].length;
    return found;
  }
}
