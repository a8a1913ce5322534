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
