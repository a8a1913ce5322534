import { isNoSpace, StorageError } from "./errors.ts";
import type { Health } from "./store.ts";

/** Why writes are refused for now, by what will notice when that ends. */
export type ReadOnlyReason = "log" | "flush" | "compaction" | "ballast";

/** Of so many damaged files it is remembered that they are; a disk that breaks altogether makes more. */
const damagedFilesMax = 100;

/**
 * Whether the store takes writes. Failed is for ever: the disk broke a promise, and only a restart can find out what is durable.
 * Read-only ends when each reason for it has ended.
 */
export class StoreHealth {
  readonly failed: Promise<Error>;
  readonly #resolveFailed: (error: Error) => void;
  #failure: Error | undefined;
  #closed = false;
  readonly #readOnly = new Map<ReadOnlyReason, Error>();
  /** The last damage that a read has met; the store goes on. */
  #degraded: Error | undefined;
  readonly #damaged = new Map<string, string>();
  /** Failures of work in the background that is being tried again. */
  readonly #background = new Map<ReadOnlyReason, Error>();
  /** Whether the reserve for a full disk is there; undefined: there is none. */
  ballast: "held" | "released" | undefined;
  /** Hears of a disk that is full. */
  onNoSpace: ((cause: Error) => void) | undefined;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<Error>();
    this.failed = promise;
    this.#resolveFailed = resolve;
  }

  get state(): "ok" | "read-only" | "failed" {
    if (this.#failure !== undefined) return "failed";
    return this.#readOnly.size > 0 ? "read-only" : "ok";
  }

  get cause(): string | undefined {
    const [readOnly] = this.#readOnly.values();
    return (this.#failure ?? readOnly ?? this.#degraded)?.message;
  }

  /** What else there is to say; nothing while all is well. */
  get trouble(): Pick<Health, "backgroundError" | "degraded" | "ballast"> {
    const [background] = this.#background.values();
    return {
      ...(this.ballast === undefined ? {} : { ballast: this.ballast }),
      ...(background === undefined ? {} : { backgroundError: background.message }),
      ...(this.#damaged.size === 0
        ? {}
        : { degraded: Array.from(this.#damaged, ([file, error]) => ({ file, error })) }),
    };
  }

  get isFailed(): boolean {
    return this.#failure !== undefined;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  /** Why nothing can be written now; undefined when all is well. `frees`: what wants to write gives space back. */
  writeRefusal(frees = false): Error | undefined {
    if (this.#closed) return closedError();
    if (this.#failure !== undefined) return this.#failure;
    if (this.#readOnly.size === 0) return undefined;
    // What the reserve has left behind is there for those.
    if (frees && this.#readOnly.size === 1 && this.#readOnly.has("ballast")) return undefined;
    const [reason] = this.#readOnly.values();
    return reason;
  }

  fail(cause: unknown): Error {
    if (this.#failure === undefined) {
      this.#failure = cause instanceof Error ? cause : new Error(String(cause));
      this.#resolveFailed(this.#failure);
    }
    return this.#failure;
  }

  setReadOnly(reason: ReadOnlyReason, cause: Error): void {
    this.#readOnly.set(reason, cause);
    this.#hear(cause);
  }

  /** That work succeeds again. */
  clearReadOnly(reason: ReadOnlyReason): void {
    this.#readOnly.delete(reason);
    this.#background.delete(reason);
  }

  /** Work in the background failed, and is going to be tried again. */
  setBackgroundError(reason: ReadOnlyReason, cause: Error): void {
    this.#background.set(reason, cause);
    this.#hear(cause);
  }

  #hear(cause: Error): void {
    if (isNoSpace(cause)) this.onNoSpace?.(cause);
  }

  setDegraded(cause: Error): void {
    this.#degraded = cause;
    const { file, kind } = cause instanceof StorageError ? cause : {};
    if (file === undefined || (kind !== "corruption" && kind !== "io")) return;
    if (this.#damaged.size < damagedFilesMax) this.#damaged.set(file, cause.message);
  }

  close(): void {
    this.#closed = true;
  }

  /** Throws when the store is closed. */
  checkOpen(): void {
    if (this.#closed) throw closedError();
  }
}

function closedError(): StorageError {
  return new StorageError("closed", "the store is closed");
}
