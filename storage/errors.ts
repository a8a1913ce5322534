/** Every error that the store throws or reports is one of these; callers tell them apart by `kind`. */
export type StorageErrorKind =
  /** A file's bytes are not what was written: names file and offset. */
  | "corruption"
  /** A system call failed. */
  | "io"
  /** No space left on the device. */
  | "no-space"
  /** Another process holds the data directory. */
  | "locked"
  /** Not a data directory of ours, or of a newer format version. */
  | "foreign"
  /** The clock is far ahead of the log (see `acceptClock`). */
  | "clock"
  /** A space, feed or checkpoint that does not exist. */
  | "not-found"
  /** The store is closed or has failed. */
  | "closed"
  /** The caller broke the contract (a value beyond `caps`, say). */
  | "usage";

export class StorageError extends Error {
  readonly kind: StorageErrorKind;
  readonly file: string | undefined;
  readonly offset: number | undefined;

  constructor(
    kind: StorageErrorKind,
    message: string,
    details: { file?: string; offset?: number; cause?: unknown } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = "StorageError";
    this.kind = kind;
    this.file = details.file;
    this.offset = details.offset;
  }
}

export function corruption(file: string, offset: number, what: string): StorageError {
  return new StorageError("corruption", `${file} at byte ${offset}: ${what}`, { file, offset });
}

/** The device is full: nothing else is wrong, and the same may succeed later. */
export function isNoSpace(error: unknown): error is StorageError {
  return error instanceof StorageError && error.kind === "no-space";
}

/**
 * What a failed sync is reported as. One that reports a full disk has lost what was written all the same, so it must never pass for
 * the "no-space" of a write, which may be tried again.
 */
export function failedSync(path: string, cause: unknown): StorageError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new StorageError("io", `${path}: the sync failed: ${reason}`, { file: path, cause });
}

/** The same failure of a file that was opened under another name than it has now. */
export function failureUnderName(path: string, cause: unknown): unknown {
  if (!(cause instanceof StorageError) || cause.file === undefined) return cause;
  const { kind, message, file } = cause;
  return new StorageError(kind, message.replace(file, path), { file: path, cause });
}
