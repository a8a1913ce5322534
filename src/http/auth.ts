import type { RequestHeaders } from "../operations/operation.ts";
import { checkAlgorithm, isBasicFormat, readAuthorization, readCredential } from "./authorization.ts";

/** Who is calling. */
export interface Caller {
  readonly accessKey: string;
  readonly region: string;
}

/** What is signed of a request. */
export interface SignedRequest {
  readonly headers: RequestHeaders;
  /** Without the "?". */
  readonly query: string;
  /** As it came, encoded or not. Text: nothing but its UTF-8 bytes came. */
  readonly body: string | Uint8Array;
}

/** Says who sent a request, or throws an `ApiError`. */
export type Authenticate = (request: SignedRequest) => Caller;

/**
 * Callers by the part of the header that does not change between requests (algorithm and credential), so that a client is taken apart
 * once. Cleared when full: a credential's date makes old entries useless anyway.
 */
const callers = new Map<string, Caller>();
const CALLERS_MAX = 1000;

/**
 * Takes everybody for whom they say they are: reads the caller, in the service's order of checks up to the credential's shape. Keys, dates and
 * signatures are not verified: any access key and region is accepted.
 */
export const anybody: Authenticate = ({ headers, query }) => {
  const header = query === "" ? headers.get("authorization") : null;
  const end = header === null ? -1 : header.indexOf(",");
  if (header === null || end < 0) return readCaller(headers, query);
  const credential = header.slice(0, end);
  const known = callers.get(credential);
  if (known !== undefined && isComplete(header, end, headers)) return known;
  const caller = readCaller(headers, query);
  if (credential.includes("Credential=")) {
    if (callers.size >= CALLERS_MAX) callers.clear();
    callers.set(credential, caller);
  }
  return caller;
};

/** Whether what follows a known credential is there too. */
function isComplete(authorization: string, from: number, headers: RequestHeaders): boolean {
  return (
    authorization.includes("SignedHeaders=", from) &&
    authorization.includes("Signature=", from) &&
    isBasicFormat(headers.get("x-amz-date") ?? "")
  );
}

function readCaller(headers: RequestHeaders, query: string): Caller {
  const authorization = readAuthorization(headers, query);
  checkAlgorithm(authorization);
  const { accessKey, region } = readCredential(authorization);
  return { accessKey, region };
}
