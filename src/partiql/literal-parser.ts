/**
 * Constants.
 *
 *   literal := string | number | TRUE | FALSE | NULL | list | map | set
 *   number  := ( "+" | "-" )* digits …
 *   list    := "[" ( literal ( "," literal )* )? "]"
 *   map     := "{" ( name ":" literal ( "," name ":" literal )* )? "}"
 *   set     := "<<" literal ( "," literal )* ">>"
 *
 * Places inside a constant are named from its `root` in refusals.
 */
import { validation } from "../errors.ts";
import { type AttributeValue, type MutableItem, newItem } from "../values/attribute-value.ts";
import { normalizeName, normalizeValue } from "../values/normalize.ts";
import { normalizeNumber } from "../values/number.ts";
import { malformed, NESTING } from "./refusals.ts";
import { TokenCursor } from "./token-cursor.ts";

/** Lists, maps and sets inside each other. */
const CONTAINERS_MAX = 31;

/** Stands for a constant that a noted problem is about. */
const NOTHING: AttributeValue = { NULL: true };

export class LiteralParser extends TokenCursor {
  /** Whether the cursor is where a constant begins. */
  atLiteral(): boolean {
    const { kind } = this.token();
    if (kind === "string" || kind === "number") return true;
    if (kind === "symbol") return ["+", "-", "[", "{", "<<"].includes(this.symbol());
    return ["TRUE", "FALSE", "NULL"].includes(this.word());
  }

  /** A constant. `place`: its name in refusals; `depth`: containers around it. */
  literal(place = "root", depth = 0): AttributeValue {
    const { kind } = this.token();
    if (kind === "string") return this.#string(this.take().text);
    if (kind === "number" || this.#atSign()) {
      const number = this.#signedNumber();
      return this.noting(() => ({ N: normalizeNumber(number) }), NOTHING);
    }
    if (kind === "symbol") return this.#container(place, depth + 1);
    return this.#named(place);
  }

  /** The name of a map's entry or an item's attribute, with its colon. */
  entryName(): string {
    const { kind, text } = this.token();
    if (kind !== "string" && kind !== "quoted") throw malformed("Expected a quoted attribute name");
    this.take();
    this.expectSymbol(":", "COLON");
    return this.noting(() => normalizeName(text), text);
  }

  #atSign(): boolean {
    return this.symbol() === "+" || this.symbol() === "-";
  }

  #string(text: string): AttributeValue {
    return this.noting(() => normalizeValue({ S: text }), NOTHING);
  }

  /** The text of a number under however many signs. */
  #signedNumber(): string {
    let negative = false;
    for (;;) {
      if (this.takeSymbol("-")) negative = !negative;
      else if (!this.takeSymbol("+")) break;
    }
    const { kind, text } = this.token();
    if (kind !== "number") throw malformed("Expected a number after a sign");
    this.take();
    return negative ? `-${text}` : text;
  }

  /** TRUE, FALSE or NULL. What cannot be part of a constant is noted. */
  #named(place: string): AttributeValue {
    if (this.atCall()) {
      const name = this.token();
      this.note(
        `Unsupported data type: ${name.text.toLowerCase()} under key ${place} at ${this.position(name)}`,
      );
      this.skipCall();
      return NOTHING;
    }
    switch (this.word()) {
      case "TRUE":
        this.take();
        return { BOOL: true };
      case "FALSE":
        this.take();
        return { BOOL: false };
      case "NULL":
        this.take();
        return { NULL: true };
      default:
        throw malformed("Unexpected term");
    }
  }

  #container(place: string, depth: number): AttributeValue {
    if (this.symbol() === "?") {
      this.note(`Unsupported data type: Parameter under key ${place} at ${this.position(this.take())}`);
      return NOTHING;
    }
    if (depth > CONTAINERS_MAX) throw validation(`${NESTING} under ${place}`);
    if (this.takeSymbol("[")) return { L: this.#elements("]", "RIGHT_BRACKET", place, depth) };
    if (this.takeSymbol("{")) return { M: this.#map(place, depth) };
    if (this.takeSymbol("<<")) return this.#set(place, depth);
    throw malformed("Unexpected term");
  }

  #elements(close: string, name: string, place: string, depth: number): AttributeValue[] {
    const elements: AttributeValue[] = [];
    if (this.takeSymbol(close)) return elements;
    do elements.push(this.literal(`${place}[${elements.length}]`, depth));
    while (this.takeSymbol(","));
    this.expectSymbol(close, name);
    return elements;
  }

  #map(place: string, depth: number): MutableItem {
    const map = newItem();
    if (this.takeSymbol("}")) return map;
    do {
      const name = this.entryName();
      map[name] = this.literal(`${place}.${name}`, depth);
    } while (this.takeSymbol(","));
    this.expectSymbol("}", "RIGHT_CURLY");
    return map;
  }

  #set(place: string, depth: number): AttributeValue {
    if (this.takeSymbol(">>")) {
      this.note("Empty bags are not supported");
      return NOTHING;
    }
    const strings: string[] = [];
    const numbers: string[] = [];
    let others = 0;
    do {
      const { kind } = this.token();
      if (kind === "string") strings.push(this.take().text);
      else if (kind === "number" || this.#atSign()) numbers.push(this.#signedNumber());
      else {
        others += 1;
        this.literal(place, depth);
      }
    } while (this.takeSymbol(","));
    this.expectSymbol(">>", "RIGHT_DOUBLE_ANGLE_BRACKET");
    if (others > 0 || (strings.length > 0 && numbers.length > 0)) {
      this.note("Unsupported data type in Bag. DynamoDB only supports either numbers or strings in bags");
      return NOTHING;
    }
    if (numbers.length === 0) return this.noting(() => normalizeValue({ SS: strings }), NOTHING);
    return this.noting(() => numberSet(numbers, place), NOTHING);
  }
}

function numberSet(numbers: readonly string[], place: string): AttributeValue {
  if (new Set(numbers.map(normalizeNumber)).size === numbers.length) return normalizeValue({ NS: numbers });
  throw validation(
    "One or more parameter values were invalid: " +
      `Input collection [${numbers.join(", ")}] contains duplicates! under ${place}`,
  );
}
