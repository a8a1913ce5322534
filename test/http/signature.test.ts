import { describe, expect, test } from "bun:test";
import type { Credential } from "../../src/http/authorization.ts";
import { signatureOf, signingKey } from "../../src/http/signature.ts";

/** Of the examples that AWS publishes with Signature Version 4. */
const SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const DATE = "20150830T123600Z";
const credential: Credential = {
  ...{ accessKey: "AKIDEXAMPLE", date: "20150830", region: "us-east-1" },
  ...{ service: "service", terminator: "aws4_request" },
};

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

describe("signatures of AWS's own examples", () => {
  test.each([
    ["post-vanilla", "", {}, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"],
    [
      "post-vanilla-query",
      "Param1=value1",
      {},
      "",
      "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11",
    ],
    [
      "post-header-value-case",
      "",
      { "My-Header1": "VALUE1" },
      "",
      "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d",
    ],
    [
      "post-x-www-form-urlencoded",
      "",
      { "Content-Type": "application/x-www-form-urlencoded" },
      "Param1=value1",
      "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
    ],
  ])("%s", (_, query, more, body, expected) => {
    const headers = new Headers({ Host: "example.amazonaws.com", "X-Amz-Date": DATE, ...more });
    const signedHeaders = [...headers.keys()].sort().join(";");
    const key = signingKey(SECRET, credential);
    const scope = { date: DATE, credential, signedHeaders };
    expect(hex(signatureOf(key, { headers, query, body }, scope))).toBe(expected);
  });

  test("the signing key", () => {
    // The example of the documentation: service iam, 30 August 2015.
    expect(hex(signingKey(SECRET, { ...credential, service: "iam" }))).toBe(
      "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9",
    );
  });
});
