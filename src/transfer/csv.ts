/** CSV as imports have it: a header, then an item per record; fields with delimiters, quotes or line ends in them stand in double quotes. */
import { validation } from "../errors.ts";
import type { RawItem } from "../values/attribute-value.ts";

export interface CsvOptions {
  readonly delimiter?: string;
  /** The names of the columns, where there is no header. */
  readonly header?: readonly string[];
}

/** What is known of the columns that a table, or an index, has in its key. */
export interface CsvKeys {
  readonly types: ReadonlyMap<string, "S" | "N" | "B">;
  /** Names of the table's own. */
  readonly required: ReadonlySet<string>;
}

/** Reads one file. */
export class CsvReader {
  readonly #delimiter: string;
  readonly #keys: CsvKeys;
  readonly #lengthMax: number;
  #header: readonly string[] | undefined;
  /** Lines of a record that goes on. */
  #open: string | undefined;
  #isFirst = true;

  /** `lengthMax`: of a record, in characters. */
  constructor({ delimiter = ",", header }: CsvOptions, keys: CsvKeys, lengthMax: number) {
    this.#delimiter = delimiter;
    this.#header = header;
    this.#keys = keys;
    this.#lengthMax = lengthMax;
  }

  /** Whether a record is left without an end. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** The item that ends with a line; undefined when none does. Throws `ApiError` for a record that is none. */
  push(line: string): RawItem | undefined {
    const text = this.#isFirst ? line.replace(/^\uFEFF/, "") : line;
    this.#isFirst = false;
    const record = this.#open === undefined ? text : `${this.#open}\n${text}`;
    this.#open = undefined;
    if (record.length > this.#lengthMax) throw validation("The record is too long");
    if (record === "") return undefined;
    const fields = fieldsOf(record, this.#delimiter);
    if (fields === undefined) {
      this.#open = record;
      return undefined;
    }
    if (this.#header !== undefined) return this.#itemOf(this.#header, fields);
    this.#header = fields;
    return undefined;
  }

  #itemOf(header: readonly string[], fields: readonly string[]): RawItem {
    if (fields.length !== header.length) {
      throw validation(`The record has ${fields.length} fields, the header ${header.length}`);
    }
    const item: Record<string, RawItem[string]> = Object.create(null);
    for (const [at, name] of header.entries()) {
      const field = fields[at] ?? "";
      const type = this.#keys.types.get(name) ?? "S";
      // An item without a value for an index is not in it.
      if (field === "" && this.#keys.types.has(name) && !this.#keys.required.has(name)) continue;
      item[name] = { [type]: field };
    }
    return item;
  }
}

/** The fields of a record; undefined when it does not end here. Throws `ApiError` for stray quotes. */
function fieldsOf(record: string, delimiter: string): string[] | undefined {
  const fields: string[] = [];
  for (let at = 0; ; ) {
    if (record[at] !== '"') {
      const end = record.indexOf(delimiter, at);
      fields.push(record.slice(at, end < 0 ? undefined : end));
      if (end < 0) return fields;
      at = end + 1;
      continue;
    }
    const close = closingQuote(record, at + 1);
    if (close === undefined) return undefined;
    fields.push(record.slice(at + 1, close).replaceAll('""', '"'));
    if (close + 1 === record.length) return fields;
    if (record[close + 1] !== delimiter) throw validation("A quoted field goes on behind its quotes");
    at = close + 2;
  }
}

/** The quote that ends the field which begins at `start`: the first that is not doubled. */
function closingQuote(record: string, start: number): number | undefined {
  let at = record.indexOf('"', start);
  while (at >= 0 && record[at + 1] === '"') at = record.indexOf('"', at + 2);
  return at < 0 ? undefined : at;
}
