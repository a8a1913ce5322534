/** PutResourcePolicy, GetResourcePolicy, DeleteResourcePolicy. */
import { beforeAll, describe, expect, test } from "bun:test";
import { invalid, type JsonObject, member, notFound, useTarget } from "./target.ts";

const target = useTarget();
let arn: string;

beforeAll(async () => {
  arn = await arnOf(await target.table());
});

const arnOf = async (name: string) =>
  String(member(await target.ok("DescribeTable", { TableName: name }), "Table")["TableArn"]);
const statement = (more: object = {}) => ({
  ...{ Effect: "Allow", Principal: { AWS: "123456789012" }, Action: "dynamodb:GetItem", Resource: "*" },
  ...more,
});
const policy = (...statements: readonly object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });
const put = (Policy: string, more: object = {}) =>
  target.ok("PutResourcePolicy", { ResourceArn: arn, Policy, ...more });
const get = (ResourceArn: string) => target.ok("GetResourcePolicy", { ResourceArn });
const refusal = (Policy: string, more: object = {}) =>
  target.refusal("PutResourcePolicy", { ResourceArn: arn, Policy, ...more });
const revision = (answer: JsonObject): string => String(answer["RevisionId"]);
const absent = (message: string) => ({
  ...{ status: 400, type: "PolicyNotFoundException" },
  message: `Resource-based policy not found for the provided ResourceArn: ${message}`,
});

describe("resource policies", () => {
  test("are put, read in their canonical form, and deleted", async () => {
    const ResourceArn = await arnOf(await target.table());
    expect(await target.refusal("GetResourcePolicy", { ResourceArn })).toEqual(absent(ResourceArn));
    expect(await target.ok("DeleteResourcePolicy", { ResourceArn })).toEqual({});
    const text = `{
      "Statement": [ { "Resource": ["*"], "Action": ["dynamodb:GetItem"], "Sid": "one",
        "Principal": { "AWS": ["123456789012"] }, "Effect": "Allow" } ], "Id": "mine" }`;
    const RevisionId = revision(await target.ok("PutResourcePolicy", { ResourceArn, Policy: text }));
    expect(RevisionId).toMatch(/^\d{13}$/);
    const canonical =
      '{"Version":"2008-10-17","Id":"mine","Statement":[{"Sid":"one","Effect":"Allow",' +
      '"Principal":{"AWS":"arn:aws:iam::123456789012:root"},"Action":"dynamodb:GetItem","Resource":"*"}]}';
    expect(await get(ResourceArn)).toEqual({ Policy: canonical, RevisionId });
    // One that says the same keeps the revision.
    expect(await target.ok("PutResourcePolicy", { ResourceArn, Policy: canonical })).toEqual({ RevisionId });
    expect(await target.ok("DeleteResourcePolicy", { ResourceArn })).toEqual({ RevisionId });
    expect(await target.refusal("GetResourcePolicy", { ResourceArn })).toEqual(absent(ResourceArn));
  });

  test("given at creation", async () => {
    const ResourceArn = await arnOf(await target.table({ more: { ResourcePolicy: policy(statement()) } }));
    expect((await get(ResourceArn))["Policy"]).toContain("arn:aws:iam::123456789012:root");
    const name = target.freshName();
    expect(
      await target.refusal("CreateTable", {
        ...{ TableName: name, BillingMode: "PAY_PER_REQUEST", ResourcePolicy: "{" },
        AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
        KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
      }),
    ).toEqual(invalid("Invalid policy document: This policy contains invalid Json"));
  });

  test("of a stream is its own", async () => {
    const StreamSpecification = { StreamEnabled: true, StreamViewType: "KEYS_ONLY" };
    const name = await target.table({ more: { StreamSpecification } });
    const table = member(await target.ok("DescribeTable", { TableName: name }), "Table");
    const stream = String(table["LatestStreamArn"]);
    await target.ok("PutResourcePolicy", {
      ResourceArn: stream,
      Policy: policy(statement({ Sid: "stream" })),
    });
    expect((await get(stream))["Policy"]).toContain("stream");
    const ResourceArn = String(table["TableArn"]);
    expect(await target.refusal("GetResourcePolicy", { ResourceArn })).toEqual(absent(ResourceArn));
    expect(
      await target.refusal("GetResourcePolicy", {
        ResourceArn: `${ResourceArn}/stream/2020-01-01T00:00:00.000`,
      }),
    ).toEqual(
      notFound(`Requested resource not found: Stream: 2020-01-01T00:00:00.000 not found for Table: ${name}`),
    );
  });

  test("change only from the revision that is expected", async () => {
    const name = await target.table();
    const ResourceArn = await arnOf(name);
    const write = (Sid: string, ExpectedRevisionId: string) => ({
      ...{ ResourceArn, ExpectedRevisionId, Policy: policy(statement({ Sid })) },
    });
    const RevisionId = revision(await target.ok("PutResourcePolicy", write("one", "NO_POLICY")));
    expect(await target.refusal("PutResourcePolicy", write("two", "NO_POLICY"))).toEqual(
      absent(
        `Requested policy update expecting none to be present for table ${name}, but a policy exists with revision id ${RevisionId}.`,
      ),
    );
    const mismatch = absent(
      `Requested update for policy with revision id 7, but the policy associated to target table ${name} has revision id ${RevisionId}.`,
    );
    expect(await target.refusal("PutResourcePolicy", write("two", "7"))).toEqual(mismatch);
    const remove = (ExpectedRevisionId: string) => ({ ResourceArn, ExpectedRevisionId });
    expect(await target.refusal("DeleteResourcePolicy", remove("7"))).toEqual(mismatch);
    await target.ok("PutResourcePolicy", write("two", String(RevisionId)));
    const second = revision(await get(ResourceArn));
    expect(await target.ok("DeleteResourcePolicy", remove(second))).toEqual({ RevisionId: second });
  });

  test.each([
    ["{", "This policy contains invalid Json"],
    ["7", "This text appears not to be a policy"],
    ['{"Statement":[],"x":1}', "This text appears not to be a policy"],
    ['{"Version":"2012-10-17"}', "Missing required field Statement"],
    ['{"Statement":[]}', "Could not parse the policy: Statement is empty!"],
    [policy(statement({ Resource: undefined })), "Missing required field Resource"],
    [policy(statement({ Principal: undefined })), "Missing required field Principal"],
    [
      policy(statement({ Sid: "a" }), statement({ Sid: "a" })),
      "The Statement Ids in the policy are not unique",
    ],
    [
      policy(statement({ Action: ["dynamodb:GetItem", "s3:Get"] })),
      "The following action names are invalid: s3:Get",
    ],
  ])("%s is none", async (text, detail) => {
    expect(await refusal(text)).toEqual(invalid(`Invalid policy document: ${detail}`));
  });

  test("for nobody, for everybody, or too long, are refused", async () => {
    expect(await refusal(policy(statement({ Principal: { AWS: "me" } })))).toEqual(
      invalid("Invalid principal in policy document."),
    );
    const everybody = statement({ Principal: "*" });
    expect(await refusal(policy(everybody))).toMatchObject({
      message: expect.stringContaining("unbounded access"),
    });
    const Condition = { IpAddress: { "aws:SourceIp": "10.0.0.0/8" } };
    await put(policy({ ...everybody, Condition }));
    expect((await get(arn))["Policy"]).toEndWith(
      '"Resource":"*","Condition":{"IpAddress":{"aws:SourceIp":"10.0.0.0/8"}}}]}',
    );
    expect(await refusal(policy(statement({ Sid: "x".repeat(20_480) })))).toEqual(
      invalid("Maximum policy size of 20480 bytes exceeded"),
    );
  });

  test("resources that cannot have one", async () => {
    const input = (ResourceArn: string) => target.refusal("GetResourcePolicy", { ResourceArn });
    expect(await input("a-table")).toEqual(invalid("ARNs must start with 'arn:': a-table"));
    expect(await input("arn:aws:s3:::bucket")).toEqual(
      invalid("Provided Arn is not a DynamoDB resource arn: arn:aws:s3:::bucket"),
    );
    expect(await input(`${arn}/index/i`)).toEqual(
      invalid(
        `Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}/index/i`,
      ),
    );
    const elsewhere = arn.replace("us-east-1", "eu-west-1");
    expect(await input(elsewhere)).toEqual(invalid(`Invalid resource Arn: ${elsewhere}`));
    expect(await input(arn.replace(/:\d{12}:/, ":999999999999:"))).toMatchObject({
      type: "AccessDeniedException",
    });
    expect(await input(arn.replace(/table\/.*/, "table/gone"))).toEqual(
      notFound("Requested resource not found: Table: gone not found"),
    );
  });
});
