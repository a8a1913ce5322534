import { expect, test } from "bun:test";
import fc from "fast-check";
import { ApiError } from "../../src/errors.ts";
import { itemOfIon } from "../../src/transfer/ion-reader.ts";
import { ionOfItem } from "../../src/transfer/ion-writer.ts";
import { normalizeItem } from "../../src/values/normalize.ts";
import { rawItem } from "../values/arbitraries.ts";

const plain = (value: unknown) => JSON.parse(JSON.stringify(value));

test("any item is read as it was written, on one line", () => {
  fc.assert(
    fc.property(rawItem(), (raw) => {
      const { item } = normalizeItem(raw);
      const line = `$ion_1_0 {Item:${ionOfItem(item)}}`;
      expect(line).not.toContain("\n");
      const read = itemOfIon(line);
      expect(plain(read === undefined ? undefined : normalizeItem(read).item)).toEqual(plain(item));
    }),
    { numRuns: 500 },
  );
});

test("an item as the service writes it", () => {
  const line =
    '$ion_1_0 {Item:{Authors:$dynamodb_SS::["Author1","Author2"],Dimensions:"8.5 x 11.0 x 1.5",Id:103.,' +
    "InPublication:false,Price:2.0d3,Pages:$dynamodb_NS::[1.,-2.5],'a b':null,Raw:{{ AAEC }},Nested:{list:[1, 2,]}}}";
  expect(plain(itemOfIon(line))).toEqual({
    Authors: { SS: ["Author1", "Author2"] },
    Dimensions: { S: "8.5 x 11.0 x 1.5" },
    Id: { N: "103." },
    InPublication: { BOOL: false },
    Price: { N: "2.0E3" },
    Pages: { NS: ["1.", "-2.5"] },
    "a b": { NULL: true },
    Raw: { B: "AAEC" },
    Nested: { M: { list: { L: [{ N: "1" }, { N: "2" }] } } },
  });
  const item = { Id: { N: "103" }, 'it\'s "x"': { S: "tab\t" }, set: { BS: ["AAEC"] } };
  expect(ionOfItem(item)).toBe(String.raw`{Id:103.,'it\'s "x"':"tab\t",set:$dynamodb_BS::[{{AAEC}}]}`);
});

const wrong = [
  "{Item:",
  "{Item:1}",
  "[1]",
  "{Item:{a:2020-01-01T}}",
  "{Item:{a:(1 2)}}",
  "{Item:{a:0x1f}}",
  "{Item:{a:nan}}",
  "{Item:{a:symbol}}",
  '{Item:{a:"\\q"}}',
  '{Item:{a:"open}}',
  '{Item:{a:{{"clob"}}}}',
  "{Item:{a:{{A}}}}",
  "{Item:{}} {Item:{}}",
  "{Item:{a:$dynamodb_SS::[1]}}",
  "{Item:{a:$dynamodb_XX::[1]}}",
  '{Item:{a:"\\UFFFFFFFF"}}',
  `{Item:{a:${"[".repeat(100_000)}`,
];

test("what is no item is refused, and lines without a value are passed over", () => {
  for (const line of wrong) expect(() => itemOfIon(line)).toThrow(ApiError);
  expect(itemOfIon("  ")).toBeUndefined();
  expect(itemOfIon("$ion_1_0")).toBeUndefined();
});
