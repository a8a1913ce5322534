/** What a request says of who has signed it: read and checked for its shape, nothing verified. */
import { incompleteSignature, invalidSignature, missingAuthenticationToken } from "../errors.ts";
import type { RequestHeaders } from "../operations/operation.ts";

/** An Authorization header, or the same in a presigned query string. */
export interface Authorization {
  readonly algorithm: string;
  /** key/date/region/service/terminator, not taken apart. */
  readonly credential: string;
  /** Hexadecimal digits. */
  readonly signature: string;
  /** Names with semicolons between them. */
  readonly signedHeaders: string;
  /** X-Amz-Date (yyyymmddThhmmssZ), or else the Date header as it is. */
  readonly date: string;
  /** The parameters of a presigned request. */
  readonly query: URLSearchParams | undefined;
}

/** The five parts of a credential. */
export interface Credential {
  readonly accessKey: string;
  readonly date: string;
  readonly region: string;
  readonly service: string;
  readonly terminator: string;
}

const BASIC_FORMAT = /^\d{8}T\d{6}Z$/;
const PARTS = ["Credential", "Signature", "SignedHeaders"] as const;
const QUERY_PARTS = ["Algorithm", "Credential", "Signature", "SignedHeaders", "Date"];
export const ALGORITHM = "AWS4-HMAC-SHA256";

/** Whether it is a date of X-Amz-Date. */
export const isBasicFormat = (date: string): boolean => BASIC_FORMAT.test(date);

/**
 * Reads the Authorization header or the presigned query string (without its "?"), in the service's order of checks as far as the date's format. Throws
 * MissingAuthenticationToken, IncompleteSignature, InvalidSignature.
 */
export function readAuthorization(headers: RequestHeaders, query: string): Authorization {
  const header = headers.get("authorization");
  const presigned = query !== "" && query.includes("X-Amz-Algorithm");
  if (presigned && header !== null) {
    throw invalidSignature(
      "Found both 'X-Amz-Algorithm' as a query-string param and 'Authorization' as HTTP header.",
    );
  }
  if (presigned) return fromQuery(new URLSearchParams(query));
  if (header === null || !header.startsWith("AWS4-")) throw missingAuthenticationToken();
  return fromHeader(header, headers);
}

function fromHeader(authorization: string, headers: RequestHeaders): Authorization {
  const fields = headerFields(authorization);
  const amazonDate = headers.get("x-amz-date");
  const date = amazonDate ?? headers.get("date");
  let missing = "";
  for (const name of PARTS) {
    if (!fields.get(name)) missing += `Authorization header requires '${name}' parameter. `;
  }
  if (date === null) {
    missing += "Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. ";
  }
  if (missing !== "" || date === null) throw incompleteSignature(`${missing}Authorization=${authorization}`);
  if (amazonDate !== null) refuseBadDate(amazonDate);
  return {
    algorithm: authorization.slice(0, authorization.search(/\s|$/)),
    credential: fields.get("Credential") ?? "",
    signature: fields.get("Signature") ?? "",
    signedHeaders: fields.get("SignedHeaders") ?? "",
    date,
    query: undefined,
  };
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

function fromQuery(query: URLSearchParams): Authorization {
  let missing = "";
  for (const name of QUERY_PARTS) {
    if (!query.get(`X-Amz-${name}`)) missing += `AWS query-string parameters must include 'X-Amz-${name}'. `;
  }
  if (missing !== "") throw incompleteSignature(`${missing}Re-examine the query-string parameters.`);
  const part = (name: string) => query.get(`X-Amz-${name}`) ?? "";
  refuseBadDate(part("Date"));
  return {
    algorithm: part("Algorithm"),
    credential: part("Credential"),
    signature: part("Signature"),
    signedHeaders: part("SignedHeaders"),
    date: part("Date"),
    query,
  };
}

function refuseBadDate(date: string): void {
  if (isBasicFormat(date)) return;
  throw incompleteSignature(
    `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
  );
}

/** Refuses all algorithms but the one. Throws IncompleteSignature. */
export function checkAlgorithm({ algorithm }: Authorization): void {
  if (algorithm === ALGORITHM) return;
  throw incompleteSignature(`Unsupported AWS 'algorithm': '${algorithm}' (only ${ALGORITHM} for now). `);
}

/** Takes a credential apart. Throws IncompleteSignature. */
export function readCredential({ credential }: Authorization): Credential {
  const parts = credential.split("/");
  const [accessKey = "", date = "", region = "", service = "", terminator = ""] = parts;
  if (parts.length === 5) return { accessKey, date, region, service, terminator };
  throw incompleteSignature(
    `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'`,
  );
}
