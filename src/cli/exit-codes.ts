import type { StorageError, StorageErrorKind } from "../../storage/index.ts";

/** Exit statuses, after BSD's sysexits: a supervisor can tell what helps (restart, repair, another directory). */
export const EXIT = {
  /** Acknowledged data on disk is damaged; a restart will not help. */
  damaged: 65,
  /** The address is in use or cannot be bound. */
  address: 69,
  /** A write or sync of the log failed; restart recovers what is on disk. */
  disk: 74,
  /** Another process holds the data directory. */
  locked: 75,
  /** The directory is not ours, or of a newer format, or the clock is far off. */
  foreign: 78,
} as const;

const byKind: Partial<Record<StorageErrorKind, number>> = {
  corruption: EXIT.damaged,
  locked: EXIT.locked,
  foreign: EXIT.foreign,
  clock: EXIT.foreign,
};

/** The status to leave with when the store cannot be opened or read. */
export function statusOf(error: StorageError): number {
  return byKind[error.kind] ?? EXIT.disk;
}
