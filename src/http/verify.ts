import { incompleteSignature, invalidSessionToken, invalidSignature, unrecognizedClient } from "../errors.ts";
import type { Clock } from "../runtime/clock.ts";
import { equalDigests } from "../runtime/digest.ts";
import type { Authenticate, SignedRequest } from "./auth.ts";
import {
  type Authorization,
  type Credential,
  checkAlgorithm,
  isBasicFormat,
  readAuthorization,
  readCredential,
} from "./authorization.ts";
import type { Credentials, Secret } from "./credentials.ts";
import { signatureOf, signingKey } from "./signature.ts";

const MINUTE_MS = 60_000;
/** How far a request's date may be from now. */
const SKEW_MS_MAX = 15 * MINUTE_MS;
/** How long a presigned request may be good for. */
const EXPIRES_S_MAX = 604_800;
const REGION = /^[a-z]+(-[a-z]+)+-\d+$/;
const KEYS_MAX = 1000;

export interface VerifyOptions {
  /** Asked for every request: they may be read anew. */
  readonly credentials: () => Credentials;
  readonly clock: Pick<Clock, "now">;
  /** Valid whatever it is called. */
  readonly region: string;
}

/**
 * Verifies the signature of every request, in the service's order of checks and words. Requests must come as they were signed: a proxy that changes a signed
 * header, Host above all, makes them invalid.
 */
export function verifying({ credentials, clock, region }: VerifyOptions): Authenticate {
  const keys = new Map<string, Uint8Array>();
  /** Signing keys are good for a day: made once for it. */
  const keyOf = (secret: Secret, credential: Credential): Uint8Array => {
    const name = [secret.secretKey, credential.date, credential.region].join("\n");
    let key = keys.get(name);
    if (key === undefined) {
      if (keys.size >= KEYS_MAX) keys.clear();
      key = signingKey(secret.secretKey, credential);
      keys.set(name, key);
    }
    return key;
  };
  return (request) => {
    const authorization = readAuthorization(request.headers, request.query);
    const date = checkDate(authorization, clock.now());
    if (!authorization.signedHeaders.toLowerCase().split(";").includes("host")) {
      throw invalidSignature("'Host' must be a 'SignedHeader' in the AWS Authorization.");
    }
    checkAlgorithm(authorization);
    const credential = readCredential(authorization);
    checkScope(credential, date, region);
    const secret = credentials().get(credential.accessKey);
    if (secret === undefined) throw unrecognizedClient();
    const { signedHeaders } = authorization;
    const expected = signatureOf(keyOf(secret, credential), request, { date, credential, signedHeaders });
    if (!equalDigests(expected, Buffer.from(authorization.signature, "hex"))) {
      throw invalidSignature(
        "The request signature we calculated does not match the signature you provided. " +
          "Check your AWS Secret Access Key and signing method. Consult the service documentation for details.",
      );
    }
    if (tokenOf(request, authorization) !== secret.sessionToken) throw invalidSessionToken();
    return { accessKey: credential.accessKey, region: credential.region };
  };
}

/** The date in the basic format; throws when it is too far from now. */
function checkDate({ date, query }: Authorization, now: number): string {
  const ms = isBasicFormat(date) ? basicMs(date) : Date.parse(date);
  if (Number.isNaN(ms)) {
    throw incompleteSignature(
      `Date must be in ISO-8601 'basic format'. Got '${date}'. See http://en.wikipedia.org/wiki/ISO_8601`,
    );
  }
  const shown = basic(ms);
  const goodMs = query === undefined ? SKEW_MS_MAX : expiresMs(query);
  const [earliest, latest] = [now - goodMs, now + SKEW_MS_MAX];
  if (ms < earliest) {
    const minutes = Math.round(goodMs / MINUTE_MS);
    throw invalidSignature(
      `Signature expired: ${shown} is now earlier than ${basic(earliest)} (${basic(now)} - ${minutes} min.)`,
    );
  }
  if (ms > latest) {
    throw invalidSignature(
      `Signature not yet current: ${shown} is still later than ${basic(latest)} (${basic(now)} + 15 min.)`,
    );
  }
  return shown;
}

/** How long a presigned request is good for. */
function expiresMs(query: URLSearchParams): number {
  const text = query.get("X-Amz-Expires");
  if (text === null) return SKEW_MS_MAX;
  const seconds = Number(text);
  if (/^\d+$/.test(text) && seconds >= 1 && seconds <= EXPIRES_S_MAX) return seconds * 1000;
  throw incompleteSignature(
    `X-Amz-Expires must be a number of seconds from 1 to ${EXPIRES_S_MAX}, not '${text}'. `,
  );
}

/** "20261128T235503Z" to milliseconds; NaN for a day that there is not. */
const basicMs = (date: string): number =>
  Date.parse(date.replace(/^(.{4})(..)(..T..)(..)(..)Z$/, "$1-$2-$3:$4:$5Z"));

const basic = (ms: number): string => `${new Date(ms).toISOString().slice(0, 19).replaceAll(/[-:]/g, "")}Z`;

/** Refuses a credential of another region, service or day than it can be of; all at once. */
function checkScope(
  { date: day, region, service, terminator }: Credential,
  date: string,
  ours: string,
): void {
  let problems = "";
  if (!REGION.test(region) && region !== ours)
    problems += `Credential should be scoped to a valid region, not '${region}'. `;
  if (service !== "dynamodb") problems += "Credential should be scoped to correct service: 'dynamodb'. ";
  if (terminator !== "aws4_request") {
    problems += `Credential should be scoped with a valid terminator: 'aws4_request', not '${terminator}'. `;
  }
  if (day !== date.slice(0, 8)) {
    problems +=
      "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: " +
      `'${day}' != '${date.slice(0, 8)}', from '${date}'.`;
  }
  if (problems !== "") throw invalidSignature(problems);
}

/** The session token that a request carries. */
function tokenOf({ headers }: SignedRequest, { query }: Authorization): string | undefined {
  return (
    (query === undefined ? headers.get("x-amz-security-token") : query.get("X-Amz-Security-Token")) ??
    undefined
  );
}
