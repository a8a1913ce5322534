import { describe, expect, test } from "bun:test";
import { checkTagKey, checkTags, mergeTags } from "../../src/tables/schema-tags.ts";
import { plain, refusal } from "./schema-fixtures.ts";

const check = (...tags: { Key?: string; Value?: string }[]) => refusal(() => checkTags(tags));
const many = (count: number) => Array.from({ length: count }, (_, at) => ({ Key: `k${at}`, Value: "v" }));

describe("tags", () => {
  test.each([
    [{ Key: "", Value: "v" }, "The Tag Key provided is invalid, Key: "],
    [{ Value: "v" }, "The Tag Key provided is invalid, Key: null"],
    [{ Key: "a".repeat(129), Value: "v" }, `The Tag Key provided is invalid, Key: ${"a".repeat(129)}`],
    [{ Key: "a#b", Value: "v" }, "The Tag Key provided is invalid, Key: a#b"],
    [{ Key: "k" }, "The Tag Value provided is invalid, Value: null"],
    [{ Key: "k", Value: "a".repeat(257) }, `The Tag Value provided is invalid, Value: ${"a".repeat(257)}`],
    [{ Key: "k", Value: "!" }, "The Tag Value provided is invalid, Value: !"],
    [{ Key: "AWS:k", Value: "v" }, "Tag Key cannot be prefixed with aws:, Key: AWS:k"],
  ])("%j is refused", (tag, message) => {
    expect(check(tag)).toBe(plain(message));
  });

  test.each([
    { Key: "k", Value: "" },
    { Key: "clé été", Value: "値 1" },
    { Key: "+-=._:/@", Value: "+-=._:/@" },
    { Key: "a".repeat(128), Value: "v".repeat(256) },
    { Key: " k ", Value: "aws:v" },
  ])("%j is taken as it is", (tag) => {
    expect(checkTags([tag])).toEqual([tag]);
  });

  test("one key twice, in the same case", () => {
    expect(check({ Key: "k", Value: "1" }, { Key: "K", Value: "2" })).toBe("none");
    expect(check({ Key: "k", Value: "1" }, { Key: "k", Value: "2" })).toBe(
      plain("Duplicate Tag Keys provided as input: Duplicate Tag Key found k"),
    );
  });

  test("fifty at most, also after a merge", () => {
    const tooMany = plain("Number of Tags exceed the current limit for the provided ResourceArn");
    expect(check(...many(50))).toBe("none");
    expect(check(...many(51))).toBe(tooMany);
    expect(refusal(() => mergeTags(many(50), [{ Key: "new", Value: "" }]))).toBe(tooMany);
    expect(mergeTags(many(50), [{ Key: "k7", Value: "w" }])).toHaveLength(50);
  });

  test("10,240 bytes at most, also after a merge", () => {
    const large = (count: number, chars: number) =>
      Array.from({ length: count }, (_, at) => ({ Key: `k${at}`, Value: "é".repeat(chars) }));
    const tooLarge = plain("Tag set size 10260 bytes is above max size limit of 10240 bytes");
    expect(check(...large(10, 256))).toBe("none");
    expect(check(...large(20, 255))).toBe(
      plain("Tag set size 10250 bytes is above max size limit of 10240 bytes"),
    );
    expect(refusal(() => mergeTags(large(20, 250), large(20, 255).slice(0, 1)))).toBe("none");
    expect(refusal(() => mergeTags(large(20, 255), [{ Key: "k20", Value: "v".repeat(7) }]))).toBe(tooLarge);
  });

  test("a merge overwrites in place", () => {
    expect(
      mergeTags(
        [
          { Key: "a", Value: "1" },
          { Key: "b", Value: "2" },
        ],
        [{ Key: "a", Value: "3" }],
      ),
    ).toEqual([
      { Key: "a", Value: "3" },
      { Key: "b", Value: "2" },
    ]);
  });

  test("keys to remove obey the same rules", () => {
    expect(refusal(() => checkTagKey("aws:k"))).toBe(
      plain("Tag Key cannot be prefixed with aws:, Key: aws:k"),
    );
    expect(checkTagKey("k")).toBe("k");
  });
});
