/** What the service says about who is calling, before it looks at what is asked. Signatures themselves are not verified here. */
import { describe, expect, test } from "bun:test";
import { readAnswer, refusalOf, SIGNED } from "../support/call.ts";
import { useTarget } from "./target.ts";

const target = useTarget();

const refusalWith = async (headers: Record<string, string>) =>
  refusalOf(await target.call("ListTables", {}, headers));

const missing = {
  status: 400,
  type: "MissingAuthenticationTokenException",
  message: "Request is missing Authentication Token",
};
const incomplete = (message: string) => ({ status: 400, type: "IncompleteSignatureException", message });

const CREDENTIAL = "Credential=key/20300101/us-east-1/dynamodb/aws4_request";

describe("Authorization header", () => {
  test("a well-formed one is enough", async () => {
    expect((await target.call("ListTables", {})).status).toBe(200);
  });

  test.each([
    ["commas without blanks", `AWS4-HMAC-SHA256 ${CREDENTIAL},SignedHeaders=host,Signature=b`],
    ["commas with several blanks", `AWS4-HMAC-SHA256 ${CREDENTIAL},  SignedHeaders=host,   Signature=b`],
  ])("%s", async (_, authorization) => {
    expect((await target.call("ListTables", {}, { authorization })).status).toBe(200);
  });

  test("both header and query", async () => {
    const response = await fetch(`${target.endpoint}/?X-Amz-Algorithm=AWS4-HMAC-SHA256`, {
      method: "POST",
      headers: {
        ...SIGNED,
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": "DynamoDB_20120810.ListTables",
      },
      body: "{}",
    });
    expect(refusalOf(await readAnswer(response))).toEqual({
      status: 400,
      type: "InvalidSignatureException",
      message: "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    });
  });

  test("neither", async () => {
    expect(await refusalWith({ authorization: "" })).toEqual(missing);
  });

  test.each(["Basic abc", "AWS key:signature", "Bearer AWS4-x", "aws4-hmac-sha256 a=b"])(
    "another scheme: %s",
    async (authorization) => {
      expect(await refusalWith({ authorization })).toEqual(missing);
    },
  );

  test("an element without =", async () => {
    const authorization = "AWS4-HMAC-SHA256 Signature=b, Credential, SignedHeaders";
    expect(await refusalWith({ authorization })).toEqual(
      incomplete(
        `'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: '${authorization}'.`,
      ),
    );
  });

  const needs = (part: string) => `Authorization header requires '${part}' parameter. `;
  const NEEDS_DATE = "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";

  test.each([
    ["nothing", "AWS4-", needs("Credential") + needs("Signature") + needs("SignedHeaders")],
    [
      "only the algorithm",
      "AWS4-HMAC-SHA256",
      needs("Credential") + needs("Signature") + needs("SignedHeaders"),
    ],
    ["no credential", "AWS4-HMAC-SHA256 Signature=b, SignedHeaders=host", needs("Credential")],
    ["no signature", `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=host`, needs("Signature")],
    ["no signed headers", `AWS4-HMAC-SHA256 ${CREDENTIAL}, Signature=b`, needs("SignedHeaders")],
    [
      "no credential, no signature",
      "AWS4-HMAC-SHA256 SignedHeaders=host",
      needs("Credential") + needs("Signature"),
    ],
  ])("missing parts, all collected: %s", async (_, authorization, sentences) => {
    expect(await refusalWith({ authorization })).toEqual(
      incomplete(`${sentences}Authorization=${authorization}`),
    );
  });

  test("missing date, alone and with other parts", async () => {
    const whole = `AWS4-HMAC-SHA256 ${CREDENTIAL}, SignedHeaders=host, Signature=b`;
    expect(await refusalWith({ authorization: whole, "x-amz-date": "" })).toEqual(
      incomplete(`${NEEDS_DATE}Authorization=${whole}`),
    );
    const bare = "AWS4-HMAC-SHA256 SignedHeaders=host, Signature=b";
    expect(await refusalWith({ authorization: bare, "x-amz-date": "" })).toEqual(
      incomplete(`${needs("Credential")}${NEEDS_DATE}Authorization=${bare}`),
    );
  });

  test("a Date header serves as the date", async () => {
    const answer = await target.call(
      "ListTables",
      {},
      { "x-amz-date": "", date: "Tue, 01 Jan 2030 00:00:00 GMT" },
    );
    expect(answer.status).toBe(200);
  });

  test("a date in another format", async () => {
    expect(await refusalWith({ "x-amz-date": "201" })).toEqual(
      incomplete(
        "Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601",
      ),
    );
  });

  test("another algorithm", async () => {
    expect(
      await refusalWith({ authorization: `AWS4-HMAC-SHA25 ${CREDENTIAL}, SignedHeaders=host, Signature=b` }),
    ).toEqual(incomplete("Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). "));
  });

  test.each(["a/b/c/d", "a", "a/b/c/d/e/f"])("a credential of another shape: %s", async (credential) => {
    expect(
      await refusalWith({
        authorization: `AWS4-HMAC-SHA256 Credential=${credential}, SignedHeaders=host, Signature=b`,
      }),
    ).toEqual(
      incomplete(
        `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
      ),
    );
  });
});

describe("presigned query", () => {
  const post = async (query: string) =>
    refusalOf(
      await readAnswer(
        await fetch(`${target.endpoint}/?${query}`, {
          method: "POST",
          headers: {
            "content-type": "application/x-amz-json-1.0",
            "x-amz-target": "DynamoDB_20120810.ListTables",
          },
          body: "{}",
        }),
      ),
    );

  test("missing parameters, all collected", async () => {
    const needs = (name: string) => `AWS query-string parameters must include 'X-Amz-${name}'. `;
    expect(await post("X-Amz-Algorithm=AWS4-HMAC-SHA256")).toEqual(
      incomplete(
        `${["Credential", "Signature", "SignedHeaders", "Date"].map(needs).join("")}Re-examine the query-string parameters.`,
      ),
    );
    expect(
      await post("X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=b&X-Amz-Date=20300101T000000Z"),
    ).toEqual(
      incomplete(
        `${["Credential", "SignedHeaders"].map(needs).join("")}Re-examine the query-string parameters.`,
      ),
    );
  });

  test("a whole one is enough", async () => {
    const query = new URLSearchParams({
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": "key/20300101/us-east-1/dynamodb/aws4_request",
      "X-Amz-Date": "20300101T000000Z",
      "X-Amz-Expires": "60",
      "X-Amz-SignedHeaders": "host",
      "X-Amz-Signature": "b",
    });
    expect((await post(query.toString())).status).toBe(200);
  });
});
