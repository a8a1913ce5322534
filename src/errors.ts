/**
 * Refusals: one factory per exception of the service's model. Thrown anywhere in `src/`, caught once in `http/respond`.
 * Types, prefixes, HTTP statuses and member spelling: docs of the wire protocol, "Error types".
 */

const VALIDATE = "com.amazon.coral.validate#";
const SERVICE = "com.amazon.coral.service#";
const AVAILABILITY = "com.amazon.coral.availability#";
const DYNAMODB = "com.amazonaws.dynamodb.v20120810#";
/** The end of the year 9999. */
const ISO_MS_MAX = 253_402_300_799_999;

export interface ApiErrorOptions {
  /** "message" or "Message": which of the two the service uses for this exception. */
  readonly member?: "message" | "Message";
  /** Further members of the error body (Item, CancellationReasons, …). */
  readonly members?: Readonly<Record<string, unknown>>;
  /** See `requestValidation`. */
  readonly enveloped?: boolean;
  /** See `emptyKeyValue`. */
  readonly ofRequest?: boolean;
}

export class ApiError extends Error {
  /** Full wire type with its prefix. */
  readonly type: string;
  readonly status: number;
  readonly member: "message" | "Message";
  readonly members: Readonly<Record<string, unknown>>;
  readonly enveloped: boolean;
  readonly ofRequest: boolean;

  constructor(type: string, message: string, status = 400, options: ApiErrorOptions = {}) {
    super(message);
    this.name = type.slice(type.indexOf("#") + 1);
    this.type = type;
    this.status = status;
    this.member = options.member ?? "message";
    this.members = options.members ?? {};
    this.enveloped = options.enveloped ?? false;
    this.ofRequest = options.ofRequest ?? false;
  }
}

/** A ValidationException whose text is the same for every operation. */
export const validation = (message: string) => new ApiError(`${VALIDATE}ValidationException`, message);

/**
 * A ValidationException about the request itself (expressions, mixing, unused placeholders, empty sets), before which
 * PutItem and UpdateItem put "1 validation error detected: ". The dispatcher adds that prefix for those operations.
 */
export const requestValidation = (message: string) =>
  new ApiError(`${VALIDATE}ValidationException`, message, 400, { enveloped: true });

/**
 * A ValidationException about an empty key attribute. TransactWriteItems answers it as such, where other faults of an action are
 * reasons why the transaction was cancelled.
 */
export const emptyKeyValue = (message: string) =>
  new ApiError(`${VALIDATE}ValidationException`, message, 400, { ofRequest: true });

/** Wrong JSON types or unparsable JSON; without a message for the latter. */
export const serialization = (message = "") =>
  new ApiError(`${SERVICE}SerializationException`, message, 400, { member: "Message" });
export const unknownOperation = () => new ApiError(`${SERVICE}UnknownOperationException`, "");
export const missingAuthenticationToken = () =>
  new ApiError(`${SERVICE}MissingAuthenticationTokenException`, "Request is missing Authentication Token");
export const incompleteSignature = (message: string) =>
  new ApiError(`${SERVICE}IncompleteSignatureException`, message);
export const invalidSignature = (message: string) =>
  new ApiError(`${SERVICE}InvalidSignatureException`, message);
export const unrecognizedClient = () =>
  new ApiError(
    `${SERVICE}UnrecognizedClientException`,
    "The security token included in the request is invalid.",
  );
/** A session token that is not the one of the access key, is missing, or belongs to nothing. */
export const invalidSessionToken = () =>
  new ApiError(
    `${SERVICE}UnrecognizedClientException`,
    "The security token included in the request is invalid",
  );
export const accessDenied = (message: string) =>
  new ApiError(`${SERVICE}AccessDeniedException`, message, 400, { member: "Message" });

export const conditionalCheckFailed = (members: Readonly<Record<string, unknown>> = {}) =>
  new ApiError(`${DYNAMODB}ConditionalCheckFailedException`, "The conditional request failed", 400, {
    members,
  });
export const resourceNotFound = (message = "Requested resource not found") =>
  new ApiError(`${DYNAMODB}ResourceNotFoundException`, message);
export const resourceInUse = (message: string) => new ApiError(`${DYNAMODB}ResourceInUseException`, message);
export const limitExceeded = (message: string) => new ApiError(`${DYNAMODB}LimitExceededException`, message);
export const tableNotFound = (message: string) => new ApiError(`${DYNAMODB}TableNotFoundException`, message);
export const tableInUse = (message: string) => new ApiError(`${DYNAMODB}TableInUseException`, message);
export const tableAlreadyExists = (tableName: string) =>
  new ApiError(`${DYNAMODB}TableAlreadyExistsException`, `Table already exists: ${tableName}`);
export const continuousBackupsUnavailable = (tableName: string) =>
  new ApiError(
    `${DYNAMODB}ContinuousBackupsUnavailableException`,
    `Backups are being enabled for the table: ${tableName}. Please retry later`,
  );
export const pointInTimeRecoveryUnavailable = (tableName: string) =>
  new ApiError(
    `${DYNAMODB}PointInTimeRecoveryUnavailableException`,
    `Point in time recovery is not enabled for table '${tableName}'`,
  );
export const backupNotFound = (arn: string) =>
  new ApiError(`${DYNAMODB}BackupNotFoundException`, `Backup not found: ${arn}`);
export const backupInUse = (message: string) => new ApiError(`${DYNAMODB}BackupInUseException`, message);
/** An instant outside of those that can be restored; times in milliseconds since the epoch. */
export const invalidRestoreTime = (time: number, earliest: number, latest: number) =>
  new ApiError(
    `${DYNAMODB}InvalidRestoreTimeException`,
    `RestoreDateTime '${isoSeconds(time)}' must be within EarliestRestorableDateTime '${isoSeconds(earliest)}' ` +
      `and LatestRestorableDateTime '${isoSeconds(latest)}'`,
  );

export const invalidExportTime = (message: string) =>
  new ApiError(`${DYNAMODB}InvalidExportTimeException`, message);
export const exportNotFound = (arn: string) =>
  new ApiError(`${DYNAMODB}ExportNotFoundException`, `Export not found: Export not found: ${arn}`);
export const exportConflict = () =>
  new ApiError(
    `${DYNAMODB}ExportConflictException`,
    "Export conflict: Duplicate request detected with conflicting parameters",
  );
export const importNotFound = (arn: string) =>
  new ApiError(`${DYNAMODB}ImportNotFoundException`, `Import not found: Import not found: ${arn}`);
export const importConflict = () =>
  new ApiError(
    `${DYNAMODB}ImportConflictException`,
    "Import conflict: Duplicate request detected with conflicting parameters",
  );

/** Milliseconds since the epoch as "2026-11-22T12:00:00Z". */
export const isoSeconds = (ms: number): string =>
  `${new Date(Math.min(Math.max(ms, 0), ISO_MS_MAX)).toISOString().slice(0, 19)}Z`;

export const globalTableNotFound = (name: string) =>
  new ApiError(
    `${DYNAMODB}GlobalTableNotFoundException`,
    `Global table with name: '${name}' does not exist.`,
  );
export const policyNotFound = (message: string) =>
  new ApiError(`${DYNAMODB}PolicyNotFoundException`, message);
export const itemCollectionSizeLimitExceeded = () =>
  new ApiError(
    `${DYNAMODB}ItemCollectionSizeLimitExceededException`,
    "Item collection size limit of 10 gigabytes exceeded.",
  );
export const duplicateItem = () =>
  new ApiError(`${DYNAMODB}DuplicateItemException`, "Duplicate primary key exists in table");
export const transactionConflict = () =>
  new ApiError(`${DYNAMODB}TransactionConflictException`, "Transaction is ongoing for the item");

/** Why a transaction was cancelled, for one of its actions; "None" where this action is not to blame. */
export interface CancellationReason {
  readonly Code: string;
  readonly Message?: string;
  /** The item that failed a condition, where the client asked for it. */
  readonly Item?: unknown;
}

/** One reason per action, in their order. */
export const transactionCanceled = (reasons: readonly CancellationReason[]) =>
  new ApiError(
    `${DYNAMODB}TransactionCanceledException`,
    "Transaction cancelled, please refer cancellation reasons for specific reasons " +
      `[${reasons.map((reason) => reason.Code).join(", ")}]`,
    400,
    { member: "Message", members: { CancellationReasons: reasons } },
  );
export const transactionInProgress = () =>
  new ApiError(
    `${DYNAMODB}TransactionInProgressException`,
    "Transaction from previous request is still in progress",
    400,
    { member: "Message" },
  );
export const idempotentParameterMismatch = () =>
  new ApiError(
    `${DYNAMODB}IdempotentParameterMismatchException`,
    "DynamoDB rejected the request because you retried a request with a different payload " +
      "but with an idempotent token that was already used.",
    400,
    { member: "Message" },
  );

/** A shard iterator that was issued too long ago; times in milliseconds since the epoch. */
export const expiredIterator = (issuedMs: number, now: number, toleratedMs: number) =>
  new ApiError(
    `${DYNAMODB}ExpiredIteratorException`,
    `Iterator expired. The iterator was created at time ${utcDate(issuedMs)} while right now it is ${utcDate(now)} ` +
      `which is further in the future than the tolerated delay of ${toleratedMs} milliseconds.`,
  );
export const trimmedDataAccess = () =>
  new ApiError(`${DYNAMODB}TrimmedDataAccessException`, "The data you are trying to access has been trimmed");

/** "Sun Nov 22 12:00:00 UTC 2026" */
function utcDate(ms: number): string {
  const [weekday, day, month, year, time] = new Date(ms).toUTCString().replace(",", "").split(" ");
  return `${weekday} ${month} ${day} ${time} UTC ${year}`;
}

export const throttling = (message: string) => new ApiError(`${AVAILABILITY}ThrottlingException`, message);
export const internalServerError = (
  message = "The request processing has failed because of an unknown error.",
) => new ApiError(`${DYNAMODB}InternalServerError`, message, 500);
export const serviceUnavailable = (message: string) =>
  new ApiError(`${AVAILABILITY}ServiceUnavailableException`, message, 503);
