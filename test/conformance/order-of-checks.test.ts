/** Which of several problems of one request the service names: each stage of checks wins over all later ones. */
import { describe, expect, test } from "bun:test";
import { useTarget } from "./target.ts";

const target = useTarget();

const SERIALIZATION = '{"__type":"com.amazon.coral.service#SerializationException"}';
const UNKNOWN_OPERATION = '{"__type":"com.amazon.coral.service#UnknownOperationException"}';

/** Headers that break one stage each. */
const unsigned = { authorization: "" };
const untyped = { "content-type": "text/plain" };

describe("stages of a request", () => {
  test("content type before JSON, target and authentication", async () => {
    const answer = await target.call("Nothing", "{", { ...untyped, ...unsigned });
    expect([answer.status, answer.text]).toEqual([404, "<UnknownOperationException/>\n"]);
  });

  test.each([
    "{",
    "[1,",
    "nothing",
    '{"a":1}}',
    '{"a":01}',
    "{'a':1}",
    '{"a":1,}',
    "\u0000",
    '{"a":"\n"}',
    '{"a":"\\x"}',
  ])("JSON before target and authentication: %p", async (body) => {
    const answer = await target.call("Nothing", body, unsigned);
    expect([answer.status, answer.text]).toEqual([400, SERIALIZATION]);
  });

  test.each([
    ["unknown name", { "x-amz-target": "DynamoDB_20120810.Nothing" }],
    ["no name", { "x-amz-target": "DynamoDB_20120810." }],
    ["no version", { "x-amz-target": "ListTables" }],
    ["another version", { "x-amz-target": "DynamoDB_20111205.ListTables" }],
    ["another service", { "x-amz-target": "DynamoDBStreams_20120810.ListTables" }],
    ["a stream operation on the table service", { "x-amz-target": "DynamoDB_20120810.ListStreams" }],
    ["another case", { "x-amz-target": "DynamoDB_20120810.listTables" }],
    ["an inherited property's name", { "x-amz-target": "DynamoDB_20120810.constructor" }],
    ["no target", { "x-amz-target": "" }],
  ])("target before authentication: %s", async (_, headers) => {
    const answer = await target.call("ListTables", {}, { ...headers, ...unsigned });
    expect([answer.status, answer.text]).toEqual([400, UNKNOWN_OPERATION]);
  });

  test("an unknown target before an empty body", async () => {
    const answer = await target.call("Nothing", "", unsigned);
    expect([answer.status, answer.text]).toEqual([400, UNKNOWN_OPERATION]);
  });

  test("authentication before an empty body", async () => {
    const answer = await target.call("ListTables", "", unsigned);
    expect(answer.text).toContain("MissingAuthenticationTokenException");
  });

  test("authentication before the operation", async () => {
    const answer = await target.call("GetItem", { TableName: 1 }, unsigned);
    expect(answer.text).toContain("MissingAuthenticationTokenException");
  });

  test("an empty body", async () => {
    const answer = await target.call("ListTables", "");
    expect([answer.status, answer.text]).toEqual([400, SERIALIZATION]);
  });

  test("an empty body of another type passes the content type", async () => {
    const answer = await target.call("ListTables", "", untyped);
    expect([answer.status, answer.text]).toEqual([400, SERIALIZATION]);
  });

  test.each(["[]", "1", '"x"', "true", "null", "[{}]"])("a body that is no object: %s", async (body) => {
    const answer = await target.call("ListTables", body);
    expect(answer.status).toBe(400);
    expect(answer.text).toContain("com.amazon.coral.service#SerializationException");
  });

  test("JSON types before the model's constraints", async () => {
    const refusal = await target.refusal("GetItem", { TableName: "no spaces allowed", Key: [] });
    expect(refusal.type).toBe("SerializationException");
  });

  test("the model's constraints before the operation's own rules", async () => {
    const refusal = await target.refusal("GetItem", {
      TableName: "no-such-table",
      Key: {},
      ReturnConsumedCapacity: "all",
      ProjectionExpression: "",
    });
    expect(refusal.message).toContain("at 'returnConsumedCapacity'");
  });

  test("the operation's own rules before the table is looked up", async () => {
    const refusal = await target.refusal("GetItem", {
      TableName: "no-such-table",
      Key: {},
      ProjectionExpression: "",
    });
    expect(refusal.message).toBe("Invalid ProjectionExpression: The expression can not be empty;");
  });

  test("the table before its key schema", async () => {
    const refusal = await target.refusal("GetItem", { TableName: "no-such-table", Key: {} });
    expect(refusal.type).toBe("ResourceNotFoundException");
  });

  test("the key schema before the condition", async () => {
    const name = await target.table();
    const refusal = await target.refusal("DeleteItem", {
      TableName: name,
      Key: { other: { S: "1" } },
      ConditionExpression: "attribute_exists(pk)",
    });
    expect(refusal.message).toBe("The provided key element does not match the schema");
  });
});
