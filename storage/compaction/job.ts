import type { VfsFile } from "../vfs/vfs.ts";

/**
 * What a step leaves behind: more to do; more to do once `Job.file` is synced; everything done, and every output synced.
 */
export type StepResult = "more" | "sync" | "done";

/**
 * Work on files in resumable steps, so that one thread can do it between requests and another can be told to stop. A job that throws, or
 * is given up, is closed and leaves its outputs for the caller to remove.
 */
export interface Job<Result> {
  /** Does a bounded piece of work: takes in up to about `inputBytesMax`, and at least one entry. */
  step(inputBytesMax: number): StepResult;
  /** The file to sync after a step that said "sync". */
  readonly file: VfsFile;
  /** Bytes written so far. */
  readonly outputBytes: number;
  /** After a step that said "done". */
  result(): Result;
  /** Closes what is open. Idempotent. */
  close(): void;
}
