/** A signed header that no header can be called was an internal error instead of a wrong signature. Found by reading. */
import { expect, test } from "bun:test";
import { parseCredentials } from "../../src/http/credentials.ts";
import { verifying } from "../../src/http/verify.ts";

const verify = verifying({
  credentials: () => parseCredentials("[a]\naws_access_key_id = AKID\naws_secret_access_key = secret"),
  region: "localhost",
  clock: { now: () => Date.parse("2026-06-09T10:00:15Z") },
});

test.each(["host;no name", "host;", "host;;x", "host;naïve"])("signed headers %j", (signedHeaders) => {
  const headers = new Headers({ host: "h", "x-amz-date": "20260609T100015Z" });
  const parts = [
    "AWS4-HMAC-SHA256 Credential=AKID/20260609/eu-west-1/dynamodb/aws4_request",
    `SignedHeaders=${signedHeaders}`,
    `Signature=${"0".repeat(64)}`,
  ];
  headers.set("authorization", parts.join(", "));
  expect(() => verify({ headers, query: "", body: "" })).toThrow("The request signature we calculated");
});
