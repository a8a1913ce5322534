/** Why an export or import failed, as its description says it. */
import { ObjectsError, type ObjectsErrorKind } from "../runtime/objects.ts";

export interface Failure {
  readonly failureCode: string;
  readonly failureMessage: string;
}

/** An export or import that cannot be done, for a reason of its own. */
export class TransferError extends Error {
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

const s3 = (text: string, status: number, code: string): Failure => ({
  failureCode: `S3${code}`,
  failureMessage: `${text} (Service: Amazon S3; Status Code: ${status}; Error Code: ${code})`,
});

const FAILURES: Readonly<Record<Exclude<ObjectsErrorKind, "failed">, Failure>> = {
  "no-such-bucket": s3("The specified bucket does not exist", 404, "NoSuchBucket"),
  "no-such-key": s3("The specified key does not exist.", 404, "NoSuchKey"),
  "access-denied": s3("Access Denied", 403, "AccessDenied"),
};

/** What the description says of an error. */
export function failureOf(error: unknown): Failure {
  if (error instanceof ObjectsError && error.kind !== "failed") return FAILURES[error.kind];
  const code = error instanceof TransferError ? error.code : "InternalServerError";
  return { failureCode: code, failureMessage: error instanceof Error ? error.message : String(error) };
}
