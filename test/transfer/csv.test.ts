import { expect, test } from "bun:test";
import fc from "fast-check";
import { type CsvOptions, CsvReader } from "../../src/transfer/csv.ts";

const KEYS = { types: new Map(), required: new Set<string>() };

/** The fields of all records, without their types. */
function read(text: string, options: CsvOptions = {}): string[][] {
  const reader = new CsvReader(options, KEYS, 1 << 24);
  const records = text.split("\n").flatMap((line) => reader.push(line) ?? []);
  expect(reader.isOpen).toBe(false);
  return records.map((item) => Object.values(item).map((value) => value.S ?? ""));
}

const HEADER = ["a", "b", "c"];

test("what is written as CSV is read as it was", () => {
  const field = fc.string({ unit: fc.constantFrom("x", '"', ",", ";", "\n", " ", "é"), maxLength: 8 });
  const records = fc.array(fc.tuple(field, field, field), { maxLength: 6 });
  fc.assert(
    fc.property(records, fc.constantFrom(",", ";", "|", "\t"), fc.boolean(), (rows, delimiter, quotesAll) => {
      const quoted = (text: string) =>
        quotesAll || /[",;\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
      const text = rows.map((row) => row.map(quoted).join(delimiter)).join("\n");
      expect(read(text, { delimiter, header: HEADER })).toEqual(rows);
    }),
  );
});

test("a record of many lines is looked at once, whatever quotes are in it", () => {
  // A reader that begins again with each line would look at some 10^12 characters.
  for (const line of ["x".repeat(9), '""""""', '","']) {
    const reader = new CsvReader({ header: HEADER }, KEYS, 1 << 24);
    reader.push('"');
    for (let at = 0; at < 1_000_000; at += 1) reader.push(line);
    expect(reader.isOpen).toBe(true);
  }
});

test("a record that is too long is an error, and the next one is read", () => {
  const reader = new CsvReader({ header: ["a"] }, KEYS, 20);
  reader.push('"begins');
  expect(() => reader.push("and goes on and on and on")).toThrow("The record is too long");
  expect(reader.push("good")).toEqual({ a: { S: "good" } });
});
