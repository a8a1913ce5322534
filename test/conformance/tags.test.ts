/** TagResource, UntagResource, ListTagsOfResource. */
import { beforeAll, describe, expect, test } from "bun:test";
import { invalid, type JsonObject, member, notFound, useTarget, validation, violated } from "./target.ts";

const target = useTarget();
let table: string;
let arn: string;

beforeAll(async () => {
  table = await target.table({ more: { Tags: [{ Key: "first", Value: "1" }] } });
  arn = await arnOf(table);
});

const arnOf = async (name: string) =>
  String(member(await target.ok("DescribeTable", { TableName: name }), "Table")["TableArn"]);

/** A table of its own, for tests that leave tags. */
async function taggedTable(tags: readonly JsonObject[]): Promise<string> {
  return await arnOf(await target.table(tags.length === 0 ? {} : { more: { Tags: tags } }));
}

const list = async (ResourceArn: string, more: object = {}) =>
  (await target.ok("ListTagsOfResource", { ResourceArn, ...more }))["Tags"];
const tag = (Key: string, Value: string) => ({ Key, Value });
const tags = (count: number, from = 0) =>
  Array.from({ length: count }, (_, at) => tag(`key${from + at}`, `${from + at}`));

describe("tags", () => {
  test("given at creation, added, replaced, removed", async () => {
    const resource = await taggedTable([tag("a", "1"), tag("b", "2")]);
    expect(await list(resource)).toEqual([tag("a", "1"), tag("b", "2")]);
    const added = await target.call("TagResource", {
      ResourceArn: resource,
      Tags: [tag("b", ""), tag("A", "3"), tag(" ", "white")],
    });
    expect(added).toMatchObject({ status: 200, text: "" });
    expect(await list(resource)).toEqual([tag("a", "1"), tag("b", ""), tag("A", "3"), tag(" ", "white")]);
    const removed = await target.call("UntagResource", {
      ResourceArn: resource,
      TagKeys: ["a", "absent", "A"],
    });
    expect(removed).toMatchObject({ status: 200, text: "" });
    expect(await list(resource)).toEqual([tag("b", ""), tag(" ", "white")]);
  });

  test("the last one may go", async () => {
    const resource = await taggedTable([tag("a", "1")]);
    await target.call("UntagResource", { ResourceArn: resource, TagKeys: ["a"] });
    expect(await list(resource)).toEqual([]);
  });

  test("every sign that is allowed, in any script", async () => {
    const resource = await taggedTable([]);
    const odd = [tag("äß漢字١ +-=._:/@", "価値 ½+-=._:/@"), tag("k".repeat(128), "v".repeat(256))];
    await target.call("TagResource", { ResourceArn: resource, Tags: odd });
    expect(await list(resource)).toEqual(odd);
  });

  test("fifty, on one page whatever the token says", async () => {
    const resource = await taggedTable(tags(30));
    expect((await target.call("TagResource", { ResourceArn: resource, Tags: tags(20, 30) })).status).toBe(
      200,
    );
    expect(await list(resource)).toEqual(tags(50));
    expect(await list(resource, { NextToken: "no token of ours" })).toEqual(tags(50));
    expect(await target.refusal("TagResource", { ResourceArn: resource, Tags: tags(1, 50) })).toEqual(
      validation("Number of Tags exceed the current limit for the provided ResourceArn"),
    );
    expect(
      (await target.call("TagResource", { ResourceArn: resource, Tags: [tag("key1", "new")] })).status,
    ).toBe(200);
  });

  test("go with their table", async () => {
    const name = await target.table({ more: { Tags: [tag("a", "1")] } });
    const resource = await arnOf(name);
    await target.ok("DeleteTable", { TableName: name });
    expect((await target.refusal("ListTagsOfResource", { ResourceArn: resource })).type).toBe(
      "ResourceNotFoundException",
    );
  });

  test("are all set or none", async () => {
    const resource = await taggedTable([tag("a", "1")]);
    const refused = await target.call("TagResource", {
      ResourceArn: resource,
      Tags: [tag("b", "2"), tag("aws:c", "3")],
    });
    expect(refused.status).toBe(400);
    expect(await list(resource)).toEqual([tag("a", "1")]);
  });
});

describe("refused tags", () => {
  const tagging = (Tags: unknown) => target.refusal("TagResource", { ResourceArn: arn, Tags });

  test("none at all", async () => {
    expect(await tagging([])).toEqual(validation("Atleast one Tag needs to be provided as Input."));
    expect(await tagging(undefined)).toEqual(violated(null, "tags", "Member must not be null"));
  });

  test.each<[string, object, string]>([
    ["an empty key", tag("", "1"), "The Tag Key provided is invalid, Key: "],
    ["no key", { Value: "1" }, "The Tag Key provided is invalid, Key: null"],
    ["a long key", tag("k".repeat(129), "1"), `The Tag Key provided is invalid, Key: ${"k".repeat(129)}`],
    ["a strange key", tag("a*b", "1"), "The Tag Key provided is invalid, Key: a*b"],
    ["no value", { Key: "a" }, "The Tag Value provided is invalid, Value: null"],
    [
      "a long value",
      tag("a", "v".repeat(257)),
      `The Tag Value provided is invalid, Value: ${"v".repeat(257)}`,
    ],
    ["a strange value", tag("a", "<>"), "The Tag Value provided is invalid, Value: <>"],
    ["a reserved key", tag("aws:a", "1"), "Tag Key cannot be prefixed with aws:, Key: aws:a"],
    ["a reserved key in capitals", tag("AWS:a", "1"), "Tag Key cannot be prefixed with aws:, Key: AWS:a"],
  ])("%s", async (_name, bad, message) => {
    expect(await tagging([bad])).toEqual(validation(message));
  });

  test("one key twice; more than fifty; too many bytes", async () => {
    expect(await tagging([tag("a", "1"), tag("a", "2")])).toEqual(
      validation("Duplicate Tag Keys provided as input: Duplicate Tag Key found a"),
    );
    expect(await tagging(tags(51))).toEqual(
      validation("Number of Tags exceed the current limit for the provided ResourceArn"),
    );
    const wide = Array.from({ length: 30 }, (_, at) => tag(`key${at}`, "漢".repeat(256)));
    expect((await tagging(wide)).message).toMatch(
      /^Tag set size \d+ bytes is above max size limit of \d+ bytes$/,
    );
  });
});

describe("refused keys to remove", () => {
  const untagging = (TagKeys: unknown) => target.refusal("UntagResource", { ResourceArn: arn, TagKeys });

  test("none, a reserved one, a bad one, too many", async () => {
    expect(await untagging([])).toEqual(validation("Atleast one Tag Key needs to be provided as Input."));
    expect(await untagging(undefined)).toEqual(violated(null, "tagKeys", "Member must not be null"));
    expect(await untagging(["Aws:a"])).toEqual(
      validation("Tag Key cannot be prefixed with aws:, Key: Aws:a"),
    );
    expect(await untagging([""])).toEqual(validation("The Tag Key provided is invalid, Key: "));
    expect(await untagging(Array.from({ length: 51 }, (_, at) => `key${at}`))).toEqual(
      validation("Number of Tags exceed the current limit for the provided ResourceArn"),
    );
  });
});

describe("refused resources", () => {
  const requests = {
    TagResource: { Tags: [tag("a", "1")] },
    UntagResource: { TagKeys: ["a"] },
    ListTagsOfResource: {},
  };
  const cases: readonly [string, (arn: string) => unknown, (arn: string) => object][] = [
    ["none", () => undefined, () => validation("Invalid TableArn")],
    ["a name", () => "Table", () => invalid("ARNs must start with 'arn:': Table")],
    [
      "of another service",
      () => "arn:aws:s3:::bucket",
      (bad) => invalid(`Provided Arn is not a DynamoDB resource arn: ${bad}`),
    ],
    [
      "a backup",
      (own) => `${own}/backup/01234567890123-0a1b2c3d`,
      (bad) => invalid(`Provided Arn is not a DynamoDB resource arn: ${bad}`),
    ],
    [
      "an index",
      (own) => `${own}/index/idx`,
      (bad) =>
        invalid(
          `Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${bad}`,
        ),
    ],
    [
      "in another region",
      (own) => own.replace("us-east-1", "eu-west-1"),
      (bad) => validation(`Invalid TableArn: Invalid ResourceArn provided as input ${bad}`),
    ],
    [
      "of another account",
      (own) => own.replace(/:\d{12}:/, ":999999999999:"),
      () => ({ status: 400, type: "AccessDeniedException", message: "Access is denied" }),
    ],
    [
      "that does not exist",
      (own) => `${own}-not`,
      (bad) => notFound(`Requested resource not found: ResourceArn: ${bad} not found`),
    ],
  ];

  for (const [operation, request] of Object.entries(requests)) {
    test.each(cases)(`${operation}: %s`, async (_name, resource, refusal) => {
      const ResourceArn = resource(arn);
      expect(await target.refusal(operation, { ResourceArn, ...request })).toEqual(
        refusal(String(ResourceArn)) as ReturnType<typeof validation>,
      );
    });
  }
});
