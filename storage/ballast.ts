import { type Clock, nextTurn } from "./clock.ts";
import { isNoSpace, StorageError } from "./errors.ts";
import type { StoreHealth } from "./health.ts";
import type { RandomBytes } from "./random.ts";
import type { Vfs, VfsFile } from "./vfs/vfs.ts";

export const ballastPath = "BALLAST";

export interface BallastOptions {
  readonly vfs: Vfs;
  readonly clock: Clock;
  readonly random: RandomBytes;
  readonly health: StoreHealth;
  /** The file is so large, or a hundredth of what is free, if that is less. 0: there is none. */
  readonly bytesMax: number;
  /** The size that it had when this start had to give it up; 0: it did not. */
  readonly releasedBytes: number;
}

/** Short runs do without one, and a start has better things to do at first. */
const startAfterMs = 5_000;
/** While it is gone: how often to look whether there is room for it again. */
const retryAfterMs = 1_000;
/** A smaller one would not help. */
const bytesMin = 1 << 20;
const stepBytes = 1 << 20;
/** So much must be free beside it, or the next commits would take its place. */
const marginBytes = 1 << 20;

/**
 * A file that is good for nothing but its size. On a full disk it goes, and what it leaves behind is for flushes, compactions and removals, which give
 * space back: until there is room for it again, nothing else may be written.
 */
export class Ballast {
  readonly #options: BallastOptions;
  /** Of the file, or of that which was given up and is to come back. */
  #bytes = 0;

  constructor(options: BallastOptions) {
    this.#options = options;
    const { health, vfs, bytesMax, releasedBytes } = options;
    if (bytesMax === 0) {
      giveUpBallast(vfs);
      return;
    }
    health.onNoSpace = (cause) => this.#release(cause);
    if (releasedBytes > 0) {
      this.#bytes = releasedBytes;
      this.#wait(new StorageError("no-space", "the disk is full: its reserve was needed to start"));
    } else options.clock.after(startAfterMs, () => void this.#begin());
  }

  /** Makes the file, unless it is there from an earlier run. */
  async #begin(): Promise<void> {
    const { vfs, bytesMax, health } = this.#options;
    if (health.isClosed || health.isFailed || health.ballast !== undefined) return;
    const free = vfs.freeBytes();
    if (free === undefined) return;
    const present = sizeOf(vfs);
    // A disk that fills up does not make it smaller.
    const isGood = present >= bytesMin && present <= bytesMax;
    this.#bytes = isGood ? present : Math.min(bytesMax, Math.floor((free + present) / 100));
    if (this.#bytes < bytesMin) {
      giveUpBallast(vfs);
      return;
    }
    health.ballast = "held";
    if (!isGood) await this.#create();
  }

  /** The disk is full. */
  #release(cause: Error): void {
    const { vfs, health } = this.#options;
    if (health.ballast !== "held") return;
    try {
      giveUpBallast(vfs);
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      health.setDegraded(error);
      return;
    }
    this.#wait(cause);
  }

  #wait(cause: Error): void {
    const { health, clock } = this.#options;
    health.ballast = "released";
    health.setReadOnly("ballast", cause);
    clock.after(retryAfterMs, () => void this.#retry(cause));
  }

  async #retry(cause: Error): Promise<void> {
    const { vfs, health } = this.#options;
    if (health.isClosed || health.isFailed) return;
    const free = vfs.freeBytes() ?? 0;
    if (free < this.#bytes + marginBytes) return this.#wait(cause);
    health.ballast = "held";
    if (await this.#create()) health.clearReadOnly("ballast");
  }

  /** Writes the file, piece by piece; false when there was no room after all. */
  async #create(): Promise<boolean> {
    const { vfs, clock, random, health } = this.#options;
    let file: VfsFile | undefined;
    try {
      giveUpBallast(vfs);
      file = vfs.create(ballastPath);
      // Zeros might not take any space where the file system compresses.
      const noise = random(stepBytes >> 4);
      for (let at = 0; at < this.#bytes && health.ballast === "held"; at += noise.length) {
        if (health.isClosed || health.isFailed) return false;
        file.write(noise.subarray(0, Math.min(noise.length, this.#bytes - at)), at);
        if (at % stepBytes === 0) await nextTurn(clock);
      }
      return health.ballast === "held";
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      if (isNoSpace(error)) this.#release(error);
      else health.setDegraded(error);
      return false;
    } finally {
      file?.close();
    }
  }
}

function sizeOf(vfs: Vfs): number {
  if (!vfs.exists(ballastPath)) return 0;
  const file = vfs.open(ballastPath, "read");
  try {
    return file.size();
  } finally {
    file.close();
  }
}

/** Removes the file; returns the size that it had. */
export function giveUpBallast(vfs: Vfs): number {
  const bytes = sizeOf(vfs);
  if (vfs.exists(ballastPath)) vfs.unlink(ballastPath);
  return bytes;
}

/** Opens a store; if the disk is too full for that, without the ballast, whose size it is told. */
export async function openWithReserve<T>(vfs: Vfs, open: (releasedBytes: number) => Promise<T>): Promise<T> {
  try {
    return await open(0);
  } catch (error) {
    if (!isNoSpace(error) || !vfs.exists(ballastPath)) throw error;
    return await open(giveUpBallast(vfs));
  }
}
