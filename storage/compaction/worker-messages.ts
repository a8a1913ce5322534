import { StorageError, type StorageErrorKind } from "../errors.ts";
import type { ArchiveSpec } from "../history/archive-job.ts";
import type { WrittenArchive } from "../history/archive-writer.ts";
import type { MemtableImage } from "../memtable/image.ts";
import type { CompactionSpec, FlushSpec } from "./executor.ts";
import type { SSTableOutput } from "./merge-job.ts";

/** What the Worker is started with. */
export interface WorkerStart {
  /** The store's directory. */
  readonly root: string;
  /** One i32, shared: the pace of compactions in KiB per second, 0 = as fast as they can. */
  readonly pace: SharedArrayBuffer;
}

export type WorkerJob =
  | { readonly kind: "syncDirectory"; readonly directory: string }
  | { readonly kind: "flush"; readonly spec: FlushSpec; readonly memtables: readonly MemtableImage[] }
  | {
      readonly kind: "compact";
      readonly spec: CompactionSpec;
      /** In shared memory. */
      readonly urgency: Int32Array<SharedArrayBuffer> | undefined;
    }
  | { readonly kind: "archive"; readonly spec: ArchiveSpec };

/** What a job has written. */
export interface WorkerOutputs {
  readonly tables: readonly SSTableOutput[];
  readonly archive?: WrittenArchive;
}

/** A job to do, or word that a job is not wanted any more. Every job is answered once, also when it was given up. */
export type WorkerRequest =
  | { readonly kind: "job"; readonly id: number; readonly job: WorkerJob }
  | { readonly kind: "cancel"; readonly id: number };

/** A request's end. Errors cross the thread border as plain data, because cloning would strip them of class and fields. */
export type WorkerReply =
  | { readonly id: number; readonly outputs: WorkerOutputs }
  | { readonly id: number; readonly error: PlainError };

export interface PlainError {
  readonly kind: StorageErrorKind | undefined;
  readonly message: string;
  readonly file: string | undefined;
  readonly offset: number | undefined;
  readonly stack: string | undefined;
}

export function toPlainError(error: unknown): PlainError {
  const storage = error instanceof StorageError ? error : undefined;
  return {
    kind: storage?.kind,
    message: error instanceof Error ? error.message : String(error),
    file: storage?.file,
    offset: storage?.offset,
    stack: error instanceof Error ? error.stack : undefined,
  };
}

/** The error as it was in the Worker; one that was not of the store's kinds becomes an Error with the Worker's stack as cause. */
export function fromPlainError(plain: PlainError): Error {
  if (plain.kind === undefined) return new Error(plain.message, { cause: plain.stack });
  const details: { file?: string; offset?: number; cause?: unknown } = { cause: plain.stack };
  if (plain.file !== undefined) details.file = plain.file;
  if (plain.offset !== undefined) details.offset = plain.offset;
  return new StorageError(plain.kind, plain.message, details);
}
