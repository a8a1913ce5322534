import { incompleteSignature, invalidSignature, missingAuthenticationToken } from "../errors.ts";
import type { RequestHeaders } from "../operations/operation.ts";

/** Who is calling, as far as it is known without verifying a signature. */
export interface Caller {
  readonly accessKey: string;
  readonly region: string;
}

/**
 * Callers by the part of the header that does not change between requests (algorithm and credential), so that a client is taken apart
 * once. Cleared when full: a credential's date makes old entries useless anyway.
 */
const callers = new Map<string, Caller>();
const CALLERS_MAX = 1000;

const BASIC_FORMAT = /^\d{8}T\d{6}Z$/;
const PARTS = ["Credential", "Signature", "SignedHeaders"] as const;

/**
 * Reads the caller from the Authorization header (or presigned query string), in the service's order of checks up to the credential's
 * shape. Keys, dates and signatures are not verified: any access key and region is accepted.
 * Throws MissingAuthenticationToken, IncompleteSignature, InvalidSignature.
 */
export function authenticate(headers: RequestHeaders, query: string): Caller {
  const authorization = headers.get("authorization");
  const presigned = query !== "" && query.includes("X-Amz-Algorithm");
  if (presigned && authorization !== null) {
    throw invalidSignature(
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
  }
  if (presigned) return fromQuery(query);
  if (authorization === null || !authorization.startsWith("AWS4-")) throw missingAuthenticationToken();
  return fromHeader(authorization, headers);
}

function fromHeader(authorization: string, headers: RequestHeaders): Caller {
  const credentialEnd = authorization.indexOf(",");
  const credential = authorization.slice(0, credentialEnd);
  const known = callers.get(credential);
  if (known !== undefined && isComplete(authorization, credentialEnd, headers)) return known;
  const caller = parseHeader(authorization, headers);
  if (credential.includes("Credential=")) {
    if (callers.size >= CALLERS_MAX) callers.clear();
    callers.set(credential, caller);
  }
  return caller;
}

/** Whether what follows a known credential is there too. */
function isComplete(authorization: string, from: number, headers: RequestHeaders): boolean {
  return (
    authorization.includes("SignedHeaders=", from) &&
    authorization.includes("Signature=", from) &&
    BASIC_FORMAT.test(headers.get("x-amz-date") ?? "")
  );
}

function parseHeader(authorization: string, headers: RequestHeaders): Caller {
  const fields = headerFields(authorization);
  const date = headers.get("x-amz-date");
  let missing = "";
  for (const name of PARTS) {
    if (!fields.get(name)) missing += `Authorization header requires '${name}' parameter. `;
  }
  if (date === null && headers.get("date") === null) {
    missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (missing !== "") throw incompleteSignature(`${missing}Authorization=${authorization}`);
  if (date !== null) refuseBadDate(date);
  const algorithm = authorization.slice(0, authorization.search(/\s|$/));
  if (algorithm !== "AWS4-HMAC-SHA256") {
    throw incompleteSignature(
      `Unsupported AWS 'algorithm': '${algorithm}' (only AWS4-HMAC-SHA256 for now). `,
    );
  }
  return fromCredential(fields.get("Credential") ?? "");
}

/** `AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=…, Signature=…`; commas with or without blanks. */
function headerFields(authorization: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const space = authorization.indexOf(" ");
  if (space < 0) return fields;
  for (const part of authorization.slice(space + 1).split(",")) {
    const text = part.trim();
    if (text === "") continue;
    const equals = text.indexOf("=");
    if (equals < 0) {
      throw incompleteSignature(
        `'${text}' not a valid key=value pair (missing equal-sign) in Authorization header: '${authorization}'.`,
      );
    }
    fields.set(text.slice(0, equals), text.slice(equals + 1));
  }
  return fields;
}

function fromQuery(query: string): Caller {
  const parameters = new URLSearchParams(query);
  let missing = "";
  for (const name of ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date"]) {
    if (!parameters.get(`X-Amz-${name}`))
      missing += `AWS query-string parameters must include 'X-Amz-${name}'. `;
  }
  if (missing !== "") throw incompleteSignature(`${missing}Re-examine the query-string parameters.`);
  refuseBadDate(parameters.get("X-Amz-Date") ?? "");
  return fromCredential(parameters.get("X-Amz-Credential") ?? "");
}

function refuseBadDate(date: string): void {
  if (BASIC_FORMAT.test(date)) return;
  throw incompleteSignature(
    `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  );
}

function fromCredential(credential: string): Caller {
  const parts = credential.split("/");
  const [accessKey = "", , region = ""] = parts;
  if (parts.length !== 5) {
    throw incompleteSignature(
      `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
    );
  }
  return { accessKey, region };
}
