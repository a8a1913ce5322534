/** Signature Version 4: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html */
import { hmacSha256, sha256 } from "../runtime/digest.ts";
import type { SignedRequest } from "./auth.ts";
import { ALGORITHM, type Credential } from "./authorization.ts";

/** What a header can be called: asking for any other would throw. */
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~\w]+$/;

/** What is signed, beside the request itself. */
export interface SignatureScope {
  /** yyyymmddThhmmssZ */
  readonly date: string;
  readonly credential: Credential;
  /** As the request lists them. */
  readonly signedHeaders: string;
}

/** The signature of a `POST /`, 32 bytes, by a key of `signingKey`. */
export function signatureOf(key: Uint8Array, request: SignedRequest, scope: SignatureScope): Uint8Array {
  const { date, region, service, terminator } = scope.credential;
  const canonical = canonicalRequest(request, scope.signedHeaders);
  const stringToSign = [
    ALGORITHM,
    scope.date,
    `${date}/${region}/${service}/${terminator}`,
    hex(sha256(canonical)),
  ].join("\n");
  return hmacSha256(key, stringToSign);
}

/** The key that a secret makes for a day, a region and a service. */
export function signingKey(secretKey: string, { date, region, service, terminator }: Credential): Uint8Array {
  let key: Uint8Array = Buffer.from(`AWS4${secretKey}`);
  for (const part of [date, region, service, terminator]) key = hmacSha256(key, part);
  return key;
}

function canonicalRequest({ headers, query, body }: SignedRequest, signedHeaders: string): string {
  const names = signedHeaders.toLowerCase().split(";").sort();
  const headerOf = (name: string) => (HEADER_NAME.test(name) ? headers.get(name) : undefined) ?? "";
  const lines = names.map((name) => `${name}:${headerOf(name).trim().replace(/\s+/g, " ")}`);
  return ["POST", "/", canonicalQuery(query), ...lines, "", names.join(";"), hex(sha256(body))].join("\n");
}

/** Parameters by name and value, but the signature itself. */
function canonicalQuery(query: string): string {
  if (query === "") return "";
  return [...new URLSearchParams(query)]
    .filter(([name]) => name !== "X-Amz-Signature")
    .map(([name, value]) => `${encoded(name)}=${encoded(value)}`)
    .sort()
    .join("&");
}

/** RFC 3986: everything but letters, digits and -._~ as %XX. */
const encoded = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`);

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");
