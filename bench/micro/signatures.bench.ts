/** What verifying a request's signature costs, beside a request without its socket: `bun bench/micro/signatures.bench.ts`. */
import { bench, run, summary } from "mitata";
import { anybody, type SignedRequest } from "../../src/http/auth.ts";
import { readAuthorization, readCredential } from "../../src/http/authorization.ts";
import { parseCredentials } from "../../src/http/credentials.ts";
import { signatureOf, signingKey } from "../../src/http/signature.ts";
import { verifying } from "../../src/http/verify.ts";

const DATE = "20260101T000000Z";
const credentials = parseCredentials("[a]\naws_access_key_id = key\naws_secret_access_key = secret\n");
const verify = verifying({
  ...{ credentials: () => credentials, region: "us-east-1" },
  clock: { now: () => Date.parse("2026-01-01T00:00:00Z") },
});

/** A request as the JavaScript SDK signs it. */
function signed(bodyBytes: number): SignedRequest {
  const signedHeaders =
    "amz-sdk-invocation-id;amz-sdk-request;content-length;content-type;host;x-amz-date;x-amz-target;x-amz-user-agent";
  const headers = new Headers({
    host: "127.0.0.1:8000",
    "content-type": "application/x-amz-json-1.0",
    "content-length": String(bodyBytes),
    "x-amz-target": "DynamoDB_20120810.GetItem",
    "x-amz-date": DATE,
    "x-amz-user-agent":
      "aws-sdk-js/3.1164.0 ua/2.1 os/linux#6.1 lang/js md/nodejs#20.20.2 api/dynamodb#3.1164.0",
    "amz-sdk-invocation-id": "3f0d7a52-6f0c-4b61-9d0a-1f5f0e6f2c11",
    "amz-sdk-request": "attempt=1; max=3",
    authorization: `AWS4-HMAC-SHA256 Credential=key/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=${signedHeaders}, Signature=00`,
  });
  const request = { headers, query: "", body: Buffer.alloc(bodyBytes, "x") };
  const credential = readCredential(readAuthorization(headers, ""));
  const signature = signatureOf(signingKey("secret", credential), request, {
    date: DATE,
    credential,
    signedHeaders,
  });
  const authorization = headers.get("authorization") ?? "";
  headers.set("authorization", authorization.replace("=00", `=${Buffer.from(signature).toString("hex")}`));
  return request;
}

const [small, large] = [signed(100), signed(1_000)];
summary(() => {
  bench("taking its word (no --credentials)", () => anybody(small));
  bench("verifying 100 B", () => verify(small));
  bench("verifying 1 KB", () => verify(large));
});
await run();
