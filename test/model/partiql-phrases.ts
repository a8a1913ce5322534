/**
 * Random conditions and updates, each written twice: as PartiQL and as an expression of the other operations. What both say is the same, so
 * the answers must be.
 */

export type Value = Readonly<Record<string, unknown>>;

/** Gathers what a text mentions: parameters of a statement, or the placeholders of an expression. */
export class Mentions {
  readonly parameters: Value[] = [];
  readonly names: Record<string, string> = {};
  readonly values: Record<string, Value> = {};

  parameter(value: Value): string {
    this.parameters.push(value);
    return "?";
  }

  value(value: Value): string {
    const name = `:v${Object.keys(this.values).length}`;
    this.values[name] = value;
    return name;
  }

  path(path: string): string {
    return path.replaceAll(/[a-z]+/g, (name) => {
      this.names[`#${name}`] = name;
      return `#${name}`;
    });
  }
}

/** Something that can be written in both languages. */
export interface Phrase {
  readonly statement: (mentions: Mentions) => string;
  readonly expression: (mentions: Mentions) => string;
  /** It stands in parentheses, of which an expression must not have two pairs. */
  readonly isGroup?: boolean;
}

/** Names of key attributes. */
const KEYS = "psgeh";
/** Ascending. */
const NUMBERS = ["-1", "0", "1", "2", "2.5", "10"];
const STRINGS = ["", "a", "ab", "it's", "é"];

export class Phrases {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  below(count: number): number {
    return Math.floor(this.#random() * count);
  }

  pick<T>(choices: readonly T[]): T {
    const choice = choices[this.below(choices.length)];
    if (choice === undefined) throw new Error("there is something to pick from");
    return choice;
  }

  chance(probability: number): boolean {
    return this.#random() < probability;
  }

  some<T>(most: number, make: () => T): T[] {
    return Array.from({ length: 1 + this.below(most) }, make);
  }

  /** A value for an attribute that is no key. */
  value(depth = 0): Value {
    const kind = this.below(depth > 1 ? 6 : 8);
    if (kind < 2) return { N: this.pick(NUMBERS) };
    if (kind < 4) return { S: this.pick(STRINGS) };
    if (kind === 4) return this.pick([{ BOOL: true }, { BOOL: false }, { NULL: true }, { B: "AQI=" }]);
    if (kind === 5) return this.set();
    if (kind === 6) return { L: this.some(3, () => this.value(depth + 1)) };
    return { M: { x: this.value(depth + 1), y: this.value(depth + 1) } };
  }

  set(): Value {
    return this.pick([
      { NS: ["1"] },
      { NS: ["1", "2"] },
      { SS: ["a"] },
      { SS: ["a", "b"] },
      { NS: ["2", "7"] },
    ]);
  }

  /** Partition key p and sort key s of the table; g and e, h and s of its indexes. */
  keyValue(name: string): Value {
    return name === "s" || name === "h"
      ? { N: this.pick(["1", "2", "3"]) }
      : { S: this.pick(name === "p" ? ["a", "b", "c"] : ["x", "y"]) };
  }

  constant(value: Value): Phrase {
    const isParameter = this.chance(0.4) || hasBinary(value);
    return {
      statement: (mentions) => (isParameter ? mentions.parameter(value) : literal(value)),
      expression: (mentions) => mentions.value(value),
    };
  }

  path(): string {
    return this.pick(["a", "b", "c", "m.x", "m.y", "l[0]", "l[1]", "m", "l", "t"]);
  }

  operand(name: string): Phrase {
    const isKey = KEYS.includes(name);
    return this.constant(isKey && !this.chance(0.03) ? this.keyValue(name) : this.value());
  }

  /** About key attributes as often as not. `keys`: those of what is read. */
  condition(keys: readonly string[], depth = 0): Phrase {
    const kind = this.below(depth > 2 ? 7 : 12);
    if (kind < 7) return this.#predicate(this.chance(0.6) ? this.pick(keys) : this.path());
    const parts = this.some(3, () => this.condition(keys, depth + 1));
    if (kind < 9) return joined(parts, "OR");
    if (kind < 11) return joined(parts, "AND");
    const [part] = parts;
    if (part === undefined) throw new Error("there is a part");
    return compose([part], ([inner]) => (part.isGroup === true ? `NOT ${inner}` : `NOT (${inner})`));
  }

  /** A condition that fixes keys first, so that statements are made of key reads. */
  keyed(keys: readonly string[], hashes: number): Phrase {
    const fixed = keys.slice(0, hashes).map((name) => this.#fixing(name));
    const rest = this.some(2, () => this.condition(keys, 1));
    return joined([...fixed, ...(this.chance(0.7) ? rest : [])], "AND");
  }

  #fixing(name: string): Phrase {
    return this.chance(0.6)
      ? comparison(name, "=", this.constant(this.keyValue(name)))
      : membership(
          name,
          this.some(3, () => this.constant(this.keyValue(name))),
        );
  }

  #predicate(name: string): Phrase {
    switch (this.below(8)) {
      case 0:
        return membership(
          name,
          this.some(3, () => this.operand(name)),
        );
      case 1:
        return compose(
          [mention(name), ...this.#bounds(name)],
          ([path, low, high]) => `${path} BETWEEN ${low} AND ${high}`,
        );
      case 2:
        return compose(
          [mention(name), this.#ordered(name, "S")],
          ([path, value]) => `begins_with(${path}, ${value})`,
        );
      case 3:
        return compose(
          [mention(this.path()), this.operand("a")],
          ([path, value]) => `contains(${path}, ${value})`,
        );
      case 4:
        return this.#presence(this.path());
      case 5:
        return compose(
          [mention(this.path()), this.constant({ N: String(this.below(4)) })],
          ([path, size]) => `size(${path}) ${this.pick(["=", "<", ">="])} ${size}`,
        );
      default:
        return this.chance(0.5)
          ? comparison(name, this.pick(["=", "=", "<>"]), this.operand(name))
          : comparison(name, this.pick(["<", "<=", ">", ">="]), this.#ordered(name));
    }
  }

  /** A constant of a type that has an order, but for a few. */
  #ordered(name: string, type: "S" | "N" = this.pick(["S", "N"])): Phrase {
    if (KEYS.includes(name) || this.chance(0.03)) return this.operand(name);
    return this.constant(type === "N" ? { N: this.pick(NUMBERS) } : { S: this.pick(STRINGS) });
  }

  /** Bounds of which the first is not above the second, but for a few. */
  #bounds(name: string): readonly Phrase[] {
    if (this.chance(0.05)) return [this.operand(name), this.operand(name)];
    if (KEYS.includes(name)) {
      const value = this.keyValue(name);
      return [this.constant(value), this.constant("N" in value ? { N: "3" } : { S: "z" })];
    }
    const at = this.below(NUMBERS.length);
    return [NUMBERS[at] ?? "0", this.pick(NUMBERS.slice(at))].map((N) => this.constant({ N }));
  }

  #presence(name: string): Phrase {
    const path = mention(name);
    const isNull = compose(
      [path, this.constant({ S: "NULL" })],
      ([it, type]) => `attribute_type(${it}, ${type})`,
    );
    return this.pick<Phrase>([
      { ...exists(path, ""), statement: (mentions) => `${path.statement(mentions)} IS NOT MISSING` },
      { ...exists(path, "not_"), statement: (mentions) => `${path.statement(mentions)} IS MISSING` },
      exists(path, ""),
      { ...isNull, statement: (mentions) => `${path.statement(mentions)} IS NULL` },
      isNull,
    ]);
  }

  /** Clauses of an update. */
  update(): Phrase {
    const actions = this.some(3, () => this.#action());
    return {
      statement: (mentions) => actions.map(({ statement }) => statement(mentions)).join(" "),
      expression: (mentions) =>
        ["SET", "REMOVE", "ADD", "DELETE"]
          .map((clause) => {
            const own = actions.filter((action) => action.clause === clause);
            return own.length === 0
              ? ""
              : `${clause} ${own.map(({ expression }) => expression(mentions)).join(", ")}`;
          })
          .join(" "),
    };
  }

  #action(): Phrase & { readonly clause: string } {
    const kind = this.below(6);
    const target = kind === 1 && this.chance(0.8) ? "t" : this.path();
    const to = mention(target);
    if (kind === 0) {
      return {
        clause: "REMOVE",
        expression: to.expression,
        statement: (all) => `REMOVE ${to.statement(all)}`,
      };
    }
    if (kind === 1) {
      const [clause, name] = this.pick([["ADD", "set_add"] as const, ["DELETE", "set_delete"] as const]);
      const members = this.constant(this.set());
      return {
        clause,
        expression: (all) => `${to.expression(all)} ${members.expression(all)}`,
        statement: (all) => `SET ${target} = ${name}(${target}, ${members.statement(all)})`,
      };
    }
    const assigned = compose([to, this.#assigned(target)], ([path, value]) => `${path} = ${value}`);
    return {
      clause: "SET",
      expression: assigned.expression,
      statement: (mentions) => `SET ${assigned.statement(mentions)}`,
    };
  }

  #assigned(target: string): Phrase {
    const number = () => this.constant({ N: String(this.below(5)) });
    switch (this.below(5)) {
      case 0:
        return mention(this.path());
      case 1:
        return compose(
          [mention(this.path()), number()],
          ([path, by]) => `${path} ${this.pick(["+", "-"])} ${by}`,
        );
      case 2:
        return compose(
          [mention(target), this.constant({ L: [this.value(1)] })],
          ([path, list]) => `list_append(${path}, ${list})`,
        );
      case 3:
        return compose(
          [mention(this.path()), this.constant(this.value())],
          ([path, value]) => `if_not_exists(${path}, ${value})`,
        );
      default:
        return this.constant(this.value());
    }
  }
}

const mention = (path: string): Phrase => ({
  statement: () => path,
  expression: (mentions) => mentions.path(path),
});

/** A phrase around others. `render` may choose at random; it is asked once, so that both texts say the same. */
function compose(parts: readonly Phrase[], render: (texts: readonly string[]) => string): Phrase {
  const holes = parts.map((_, at) => `\u0000${at}\u0000`);
  const form = render(holes);
  const fill = (texts: readonly string[]) =>
    texts.reduce((text, part, at) => text.replace(holes[at] ?? "", () => part), form);
  return {
    statement: (mentions) => fill(parts.map(({ statement }) => statement(mentions))),
    expression: (mentions) => fill(parts.map(({ expression }) => expression(mentions))),
  };
}

const joined = (parts: readonly Phrase[], word: "AND" | "OR"): Phrase => {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  return { ...compose(parts, (texts) => `(${texts.join(` ${word} `)})`), isGroup: true };
};

const comparison = (name: string, comparator: string, value: Phrase): Phrase =>
  compose([mention(name), value], ([path, constant]) => `${path} ${comparator} ${constant}`);

const membership = (name: string, choices: readonly Phrase[]): Phrase =>
  compose([mention(name), ...choices], ([path, ...texts]) => `${path} IN (${texts.join(", ")})`);

const exists = (path: Phrase, negation: "" | "not_"): Phrase =>
  compose([path], ([it]) => `attribute_${negation}exists(${it})`);

const hasBinary = (value: Value): boolean => JSON.stringify(value).includes('"B":');

/** A value as PartiQL writes it. */
export function literal(value: Value): string {
  const [[type, content] = []] = Object.entries(value);
  const list = (members: unknown, write: (member: never) => string) =>
    (members as readonly never[]).map(write).join(", ");
  const quoted = (text: string) => `'${text.replaceAll("'", "''")}'`;
  switch (type) {
    case "S":
      return quoted(String(content));
    case "NULL":
      return "NULL";
    case "SS":
      return `<<${list(content, quoted)}>>`;
    case "NS":
      return `<<${list(content, String)}>>`;
    case "L":
      return `[${list(content, literal)}]`;
    case "M":
      return `{${Object.entries(content as Record<string, Value>)
        .map(([name, each]) => `${quoted(name)}: ${literal(each)}`)
        .join(", ")}}`;
    default:
      return String(content);
  }
}
