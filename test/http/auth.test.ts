import { describe, expect, test } from "bun:test";
import { ApiError } from "../../src/errors.ts";
import { anybody } from "../../src/http/auth.ts";

const GOOD =
  "AWS4-HMAC-SHA256 Credential=AKID/20261123/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=ab";

function refusal(headers: Record<string, string>, query = "") {
  try {
    anybody({ headers: new Headers(headers), query, body: "" });
  } catch (error) {
    if (error instanceof ApiError) return `${error.name}: ${error.message}`;
    throw error;
  }
  throw new Error("accepted");
}

describe("who is calling", () => {
  test("key and region come from the credential, whatever they are", () => {
    const caller = anybody({
      ...{ query: "", body: "" },
      headers: new Headers({ authorization: GOOD, "x-amz-date": "20261123T000000Z" }),
    });
    expect(caller).toEqual({ accessKey: "AKID", region: "eu-west-1" });
  });

  test("commas without blanks", () => {
    const authorization = GOOD.replaceAll(", ", ",");
    expect(anybody({ headers: new Headers({ authorization, date: "x" }), query: "", body: "" }).region).toBe(
      "eu-west-1",
    );
  });

  test("presigned", () => {
    const query =
      "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=AKID%2F20261123%2Flocal%2Fdynamodb%2Faws4_request" +
      "&X-Amz-Date=20261123T000000Z&X-Amz-SignedHeaders=host&X-Amz-Signature=ab";
    expect(anybody({ headers: new Headers(), query, body: "" })).toEqual({
      accessKey: "AKID",
      region: "local",
    });
  });

  test("refusals, in the service's order", () => {
    const date = { "x-amz-date": "20261123T000000Z" };
    expect(refusal({ authorization: GOOD, "x-amz-date": "201" })).toBe(
      "IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got '201'. See http://en.wikipedia.org/wiki/ISO_8601",
    );
    expect(refusal({ authorization: GOOD }, "X-Amz-Algorithm=x")).toBe(
      "InvalidSignatureException: Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
    expect(refusal({})).toBe("MissingAuthenticationTokenException: Request is missing Authentication Token");
    expect(refusal({ authorization: "Basic abc" })).toContain("MissingAuthenticationToken");
    expect(refusal({ authorization: "AWS4-HMAC-SHA256 Signature=b, Credential, SignedHeaders" })).toBe(
      "IncompleteSignatureException: 'Credential' not a valid key=value pair (missing equal-sign) in Authorization header: " +
        "'AWS4-HMAC-SHA256 Signature=b, Credential, SignedHeaders'.",
    );
    expect(refusal({ authorization: "AWS4-" })).toBe(
      "IncompleteSignatureException: Authorization header requires 'Credential' parameter. " +
        "Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. " +
        "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-",
    );
    expect(refusal({ authorization: GOOD.replace("SHA256", "SHA25"), ...date })).toBe(
      "IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA25' (only AWS4-HMAC-SHA256 for now). ",
    );
    expect(refusal({ authorization: GOOD.replace("/aws4_request", ""), ...date })).toBe(
      "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, " +
        "e.g. keyid/date/region/service/term, got 'AKID/20261123/eu-west-1/dynamodb'",
    );
    expect(refusal({}, "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Date=1")).toBe(
      "IncompleteSignatureException: AWS query-string parameters must include 'X-Amz-Credential'. " +
        "AWS query-string parameters must include 'X-Amz-Signature'. AWS query-string parameters must include " +
        "'X-Amz-SignedHeaders'. Re-examine the query-string parameters.",
    );
  });
});
