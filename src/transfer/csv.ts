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

/** Reads one file, line by line. The time that takes grows with its length, whatever is in it. */
export class CsvReader {
  readonly #keys: CsvKeys;
  readonly #fields: FieldReader;
  readonly #lengthMax: number;
  #header: readonly string[] | undefined;
  #length = 0;
  #isFirst = true;

  /** `lengthMax`: of a record, in characters. */
  constructor({ delimiter = ",", header }: CsvOptions, keys: CsvKeys, lengthMax: number) {
    this.#fields = new FieldReader(delimiter);
    this.#header = header;
    this.#keys = keys;
    this.#lengthMax = lengthMax;
  }

  /** Whether a record is left without an end. */
  get isOpen(): boolean {
    return this.#fields.isOpen;
  }

  /** The item that ends with a line; undefined when none does. Throws `ApiError` for a record that is none. */
  push(line: string): RawItem | undefined {
    const text = this.#isFirst ? line.replace(/^\uFEFF/, "") : line;
    this.#isFirst = false;
    if (text === "" && !this.isOpen) return undefined;
    this.#length = this.isOpen ? this.#length + text.length : text.length;
    if (this.#length > this.#lengthMax) {
      this.#fields.reset();
      throw validation("The record is too long");
    }
    const fields = this.#fields.push(text);
    if (fields === undefined) return undefined;
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

/** Lines to the fields of records. */
class FieldReader {
  readonly #delimiter: string;
  #fields: string[] = [];
  /** The lines of a quoted field that goes on. */
  #open: string[] | undefined;

  constructor(delimiter: string) {
    this.#delimiter = delimiter;
  }

  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  reset(): void {
    this.#fields = [];
    this.#open = undefined;
  }

  /** The fields of the record that ends with a line; undefined when it goes on. Throws `ApiError` for stray quotes. */
  push(line: string): string[] | undefined {
    for (let at: number | undefined = 0; at !== undefined; ) {
      if (this.#open === undefined && line[at] !== '"') {
        const end = line.indexOf(this.#delimiter, at);
        this.#fields.push(line.slice(at, end < 0 ? undefined : end));
        at = end < 0 ? undefined : end + 1;
        continue;
      }
      const start: number = this.#open === undefined ? at + 1 : at;
      const close = closingQuote(line, start);
      this.#open ??= [];
      this.#open.push(line.slice(start, close));
      if (close === undefined) return undefined;
      this.#fields.push(this.#open.join("\n").replaceAll('""', '"'));
      this.#open = undefined;
      at = this.#behind(line, close + 1);
    }
    const fields = this.#fields;
    this.#fields = [];
    return fields;
  }

  /** Where the field behind a quoted one begins; undefined at the end of the line. */
  #behind(line: string, at: number): number | undefined {
    if (at === line.length) return undefined;
    if (line[at] === this.#delimiter) return at + 1;
    this.reset();
    throw validation("A quoted field goes on behind its quotes");
  }
}

/** The quote that ends the field which goes on at `start`: the first that is not doubled. */
function closingQuote(line: string, start: number): number | undefined {
  let at = line.indexOf('"', start);
  while (at >= 0 && line[at + 1] === '"') at = line.indexOf('"', at + 2);
  return at < 0 ? undefined : at;
}
