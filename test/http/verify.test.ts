/** Verification of signatures: every step of the service's order of checks, one fault at a time on an otherwise good request. */
import { describe, expect, test } from "bun:test";
import { ApiError } from "../../src/errors.ts";
import { type Credential, readCredential } from "../../src/http/authorization.ts";
import { parseCredentials } from "../../src/http/credentials.ts";
import { signatureOf, signingKey } from "../../src/http/signature.ts";
import { verifying } from "../../src/http/verify.ts";

const NOW = "20260609T100015Z";
const credentials = parseCredentials(`
[one]
aws_access_key_id = AKID
aws_secret_access_key = secret
[temporary]
aws_access_key_id = ASIA
aws_secret_access_key = other
aws_session_token = token
`);
const verify = verifying({
  ...{ credentials: () => credentials, region: "localhost" },
  clock: { now: () => Date.parse("2026-06-09T10:00:15Z") },
});

interface Request {
  readonly date?: string;
  readonly key?: string;
  readonly secret?: string;
  readonly scope?: string;
  readonly signedHeaders?: string;
  readonly algorithm?: string;
  readonly body?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** What is changed after signing. */
  readonly sent?: {
    readonly body?: string;
    readonly headers?: Readonly<Record<string, string>>;
    readonly signature?: string;
  };
}

/** Signs a request as a client would, changes what is to be changed, and verifies it. */
function send(request: Request) {
  const { date = NOW, key = "AKID", secret = "secret", algorithm = "AWS4-HMAC-SHA256", sent = {} } = request;
  const { scope = "20260609/eu-west-1/dynamodb/aws4_request", signedHeaders = "host;x-amz-date" } = request;
  const { body = '{"TableName":"naïve"}' } = request;
  const headers = new Headers({ host: "localhost:8000", "x-amz-date": date, ...request.headers });
  const credential: Credential = credentialOf(`${key}/${scope}`);
  const unsigned = { headers, query: "", body };
  const signature = signatureOf(signingKey(secret, credential), unsigned, {
    date,
    credential,
    signedHeaders,
  });
  const shown = sent.signature ?? Buffer.from(signature).toString("hex");
  const authorization = `${algorithm} Credential=${key}/${scope}, SignedHeaders=${signedHeaders}, Signature=${shown}`;
  const sentHeaders = new Headers({ ...Object.fromEntries(headers), authorization, ...sent.headers });
  return verify({ headers: sentHeaders, query: "", body: sent.body ?? body });
}

const credentialOf = (text: string) =>
  text.split("/").length === 5
    ? readCredential({
        credential: text,
        algorithm: "",
        signature: "",
        signedHeaders: "",
        date: "",
        query: undefined,
      })
    : { accessKey: text, date: "", region: "", service: "", terminator: "" };

function refusal(request: Request): string {
  try {
    send(request);
  } catch (error) {
    if (error instanceof ApiError) return `${error.name}: ${error.message}`;
    throw error;
  }
  throw new Error("accepted");
}

const differs =
  "InvalidSignatureException: The request signature we calculated does not match the signature you provided. " +
  "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.";

describe("good requests", () => {
  test("tell who is calling", () => {
    expect(send({})).toEqual({ accessKey: "AKID", region: "eu-west-1" });
    expect(send({ scope: "20260609/localhost/dynamodb/aws4_request" }).region).toBe("localhost");
  });

  test("with other signed headers, whatever their white space", () => {
    const signedHeaders = "host;x-amz-date;x-amz-target;x-note";
    expect(
      send({ signedHeaders, headers: { "x-amz-target": "a.b", "x-note": "  two   blanks " } }).accessKey,
    ).toBe("AKID");
  });

  test("with a Date header instead of X-Amz-Date", () => {
    const credential = credentialOf("AKID/20260609/eu-west-1/dynamodb/aws4_request");
    const headers = new Headers({ host: "h", date: "Tue, 09 Jun 2026 10:00:15 GMT" });
    const scope = { date: NOW, credential, signedHeaders: "date;host" };
    const signature = signatureOf(signingKey("secret", credential), { headers, query: "", body: "" }, scope);
    headers.set(
      "authorization",
      `AWS4-HMAC-SHA256 Credential=AKID/20260609/eu-west-1/dynamodb/aws4_request, SignedHeaders=date;host, Signature=${Buffer.from(signature).toString("hex")}`,
    );
    expect(verify({ headers, query: "", body: "" }).accessKey).toBe("AKID");
  });

  test("of temporary credentials, with their token", () => {
    const headers = { "x-amz-security-token": "token" };
    const temporary = { key: "ASIA", secret: "other", headers };
    expect(send({ ...temporary, signedHeaders: "host;x-amz-date;x-amz-security-token" }).accessKey).toBe(
      "ASIA",
    );
    const invalid = "UnrecognizedClientException: The security token included in the request is invalid";
    expect(refusal({ key: "ASIA", secret: "other" })).toBe(invalid);
    expect(refusal({ ...temporary, headers: { "x-amz-security-token": "stale" } })).toBe(invalid);
    expect(refusal({ headers })).toBe(invalid);
  });
});

describe("refusals", () => {
  test.each([
    [
      "too old",
      { date: "20260609T094514Z" },
      "InvalidSignatureException: Signature expired: 20260609T094514Z is now earlier than 20260609T094515Z (20260609T100015Z - 15 min.)",
    ],
    [
      "too new",
      { date: "20260609T101516Z" },
      "InvalidSignatureException: Signature not yet current: 20260609T101516Z is still later than 20260609T101515Z (20260609T100015Z + 15 min.)",
    ],
    [
      "no such day",
      { date: "20261309T100015Z" },
      "IncompleteSignatureException: Date must be in ISO-8601 'basic format'. Got '20261309T100015Z'. See http://en.wikipedia.org/wiki/ISO_8601",
    ],
    [
      "without Host",
      { signedHeaders: "x-amz-date" },
      "InvalidSignatureException: 'Host' must be a 'SignedHeader' in the AWS Authorization.",
    ],
    [
      "another algorithm",
      { algorithm: "AWS4-HMAC-SHA1" },
      "IncompleteSignatureException: Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA1' (only AWS4-HMAC-SHA256 for now). ",
    ],
    [
      "credential of four",
      { scope: "a/b/c" },
      "IncompleteSignatureException: Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'AKID/a/b/c'",
    ],
    [
      "everything in the scope",
      { scope: "b/c/d/e" },
      "InvalidSignatureException: Credential should be scoped to a valid region, not 'c'. " +
        "Credential should be scoped to correct service: 'dynamodb'. " +
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'e'. " +
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: 'b' != '20260609', from '20260609T100015Z'.",
    ],
    [
      "a key nobody has",
      { key: "NOBODY" },
      "UnrecognizedClientException: The security token included in the request is invalid.",
    ],
    ["another secret", { secret: "guess" }, differs],
    ["another body", { sent: { body: "{}" } }, differs],
    ["another signed header", { sent: { headers: { host: "elsewhere" } } }, differs],
    ["no hexadecimal digits", { sent: { signature: "zz" } }, differs],
    ["half a signature", { sent: { signature: "ab".repeat(16) } }, differs],
  ])("%s", (_, request: Request, message) => {
    expect(refusal(request)).toBe(message);
  });

  test("the first of several faults", () => {
    const last = { secret: "guess" };
    const faults: Request[] = [
      { date: "20260609T094514Z" },
      { signedHeaders: "x-amz-date" },
      { algorithm: "AWS4-X" },
      { scope: "a/b/c" },
      { key: "NOBODY" },
    ];
    for (const [at, fault] of faults.entries()) {
      const all: Request = Object.assign({}, last, ...faults.slice(at).toReversed());
      // The credential that is shown has the key of the last fault.
      expect(refusal(all).split(", got")[0]).toBe(refusal(fault).split(", got")[0] ?? "");
    }
  });
});

describe("presigned requests", () => {
  /** The query string of a request that is signed in it. */
  function presigned(expires: string, date = NOW): string {
    const credential = credentialOf(`AKID/${date.slice(0, 8)}/eu-west-1/dynamodb/aws4_request`);
    const parameters = new URLSearchParams({
      ...{ "X-Amz-Algorithm": "AWS4-HMAC-SHA256", "X-Amz-Date": date, "X-Amz-SignedHeaders": "host" },
      "X-Amz-Credential": `AKID/${date.slice(0, 8)}/eu-west-1/dynamodb/aws4_request`,
      ...(expires === "" ? {} : { "X-Amz-Expires": expires }),
    });
    const unsigned = { headers: new Headers({ host: "h" }), query: String(parameters), body: "{}" };
    const scope = { date, credential, signedHeaders: "host" };
    const signature = signatureOf(signingKey("secret", credential), unsigned, scope);
    return `${parameters}&X-Amz-Signature=${Buffer.from(signature).toString("hex")}`;
  }
  const ask = (query: string) => () => verify({ headers: new Headers({ host: "h" }), query, body: "{}" });

  test("are good until they expire", () => {
    expect(ask(presigned("60"))().accessKey).toBe("AKID");
    expect(ask(presigned("604800", "20260602T100015Z"))().accessKey).toBe("AKID");
    expect(ask(presigned("604800", "20260602T100014Z"))).toThrow(/Signature expired: 20260602T100014Z/);
    expect(ask(presigned("60", "20260609T095914Z"))).toThrow(
      /earlier than 20260609T095915Z \(20260609T100015Z - 1 min\.\)/,
    );
    expect(ask(presigned("", "20260609T094514Z"))).toThrow(/- 15 min\./);
  });

  test("are of their parameters", () => {
    expect(ask(`${presigned("60")}&more=1`)).toThrow(/does not match/);
    for (const expires of ["0", "604801", "x"]) expect(ask(presigned(expires))).toThrow(/X-Amz-Expires/);
  });
});
