/**
 * A table and its indexes as plainly as they can be written: an array of items, every read a filter and a sort over all of them. What the
 * real thing answers is compared with this.
 */

export type Value =
  | { readonly S: string }
  | { readonly N: string }
  | { readonly B: string }
  | { readonly BOOL: boolean };
export type Item = Readonly<Record<string, Value>>;

export interface Key {
  readonly name: string;
  readonly type: "S" | "N" | "B";
}

/** A table, or an index of it. */
export interface Source {
  /** "" for the table. */
  readonly name: string;
  readonly kind: "table" | "local" | "global";
  readonly hash: readonly Key[];
  readonly range: readonly Key[];
  /** Non-key attributes an entry holds; undefined: all. */
  readonly projected: readonly string[] | undefined;
}

/** A condition on the sort key after the leading ones: operator and one or two values. */
export type Condition =
  | { readonly operator: "<" | "<=" | ">" | ">=" | "begins_with"; readonly value: Value }
  | { readonly operator: "BETWEEN"; readonly value: Value; readonly upper: Value };

export interface KeyQuery {
  readonly hash: readonly Value[];
  /** Equalities on the leading attributes of the sort key. */
  readonly equals: readonly Value[];
  readonly condition: Condition | undefined;
}

export const attributesOf = (source: Source): readonly Key[] => [...source.hash, ...source.range];

const [typeOf, contentOf] = [
  (value: Value) => Object.keys(value)[0] ?? "",
  (value: Value) => Object.values(value)[0],
];

const bytesOf = (value: Value): Buffer =>
  Buffer.from(String(contentOf(value)), typeOf(value) === "B" ? "base64" : "utf8");

/** The order of two keys of one type. */
export function compare(a: Value, b: Value): number {
  if (typeOf(a) === "N") return Number(contentOf(a)) - Number(contentOf(b));
  return Buffer.compare(bytesOf(a), bytesOf(b));
}

export const same = (a: Value | undefined, b: Value | undefined): boolean =>
  a !== undefined && b !== undefined && typeOf(a) === typeOf(b) && JSON.stringify(a) === JSON.stringify(b);

/** An item's or entry's size as the service counts it. Values are strings, small integers, binaries and booleans. */
export function sizeOf(item: Item): number {
  let size = 0;
  for (const [name, value] of Object.entries(item)) {
    size += Buffer.byteLength(name);
    if (typeOf(value) === "N") size += numberSize(String(contentOf(value)));
    else if (typeOf(value) === "BOOL") size += 1;
    else size += bytesOf(value).length;
  }
  return size;
}

function numberSize(text: string): number {
  const [whole = "", fraction = ""] = text.replace("-", "").split(".");
  if (Number(text) === 0) return 1;
  // A fraction keeps the zeros of the whole part in between; a whole number does not count trailing ones.
  const digits = fraction === "" ? whole.replace(/0+$/, "") : whole.replace(/^0+/, "");
  const half = (length: number) => Math.ceil(length / 2);
  return 1 + half(digits.length) + half(fraction.length) + (text.startsWith("-") ? 1 : 0);
}

/** The item as it is in a source; undefined when it is not there. */
export function entryOf(table: Source, source: Source, item: Item): Item | undefined {
  for (const { name, type } of attributesOf(source)) {
    const value = item[name];
    if (value === undefined || typeOf(value) !== type || contentOf(value) === "") return undefined;
  }
  const { projected } = source;
  if (projected === undefined) return item;
  const names = new Set(
    [...attributesOf(table), ...attributesOf(source)].map((key) => key.name).concat(projected),
  );
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.has(name)));
}

/** Whether an entry is what a query asks for. */
export function matches(source: Source, { hash, equals, condition }: KeyQuery, entry: Item): boolean {
  const equal = [...hash, ...equals];
  const keys = [...source.hash, ...source.range.slice(0, equals.length)];
  if (!keys.every(({ name }, at) => same(entry[name], equal[at]))) return false;
  const next = source.range[equals.length];
  if (condition === undefined || next === undefined) return true;
  const value = entry[next.name];
  if (value === undefined) return false;
  const order = compare(value, condition.value);
  switch (condition.operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "begins_with": {
      const prefix = bytesOf(condition.value);
      return Buffer.compare(bytesOf(value).subarray(0, prefix.length), prefix) === 0;
    }
    case "BETWEEN":
      return order >= 0 && compare(value, condition.upper) <= 0;
  }
}

/** The order that the sort key gives two entries of one partition; 0 where it leaves them tied. */
export function sortOrder(source: Source, a: Item, b: Item): number {
  for (const { name } of source.range) {
    const [x, y] = [a[name], b[name]];
    const order = x === undefined || y === undefined ? 0 : compare(x, y);
    if (order !== 0) return order;
  }
  return 0;
}

/** What identifies an entry, as text: the key of its item. */
export const identityOf = (table: Source, entry: Item): string =>
  JSON.stringify(attributesOf(table).map(({ name }) => entry[name]));

/** An item with its attributes in a fixed order, as text. */
export const textOf = (item: Item): string =>
  JSON.stringify(Object.entries(item).sort(([a], [b]) => (a < b ? -1 : 1)));

/** The attributes of that name. */
export const pick = (item: Item, names: readonly string[]): Item =>
  Object.fromEntries(Object.entries(item).filter(([name]) => names.includes(name)));

/** A table's items, changed one at a time. */
export class Oracle {
  readonly table: Source;
  indexes: readonly Source[];
  readonly #items = new Map<string, Item>();

  constructor(table: Source, indexes: readonly Source[]) {
    this.table = table;
    this.indexes = indexes;
  }

  get items(): readonly Item[] {
    return [...this.#items.values()];
  }

  find(key: Item): Item | undefined {
    return this.#items.get(identityOf(this.table, key));
  }

  put(item: Item): void {
    this.#items.set(identityOf(this.table, item), item);
  }

  delete(key: Item): void {
    this.#items.delete(identityOf(this.table, key));
  }

  /** Whether an index would refuse the attribute in a write. */
  refuses(name: string, value: Value): boolean {
    return this.indexes.some((index) =>
      attributesOf(index).some((key) => key.name === name && key.type !== typeOf(value)),
    );
  }

  /** All entries of a source, in no order. */
  entries(source: Source): readonly Item[] {
    return this.items.map((item) => entryOf(this.table, source, item)).filter((entry) => entry !== undefined);
  }
}
