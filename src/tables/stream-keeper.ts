import { StorageError } from "../../storage/index.ts";
import type { Clock } from "../runtime/clock.ts";
import type { Log } from "../runtime/log.ts";
import { type Stream, streamArn } from "./stream.ts";

/** Shards are closed, and go, at most this much later than their time is over. */
const INTERVAL_MS = 60_000;

/** What the keeper needs of the catalog. */
export interface StreamKeeperHost {
  readonly clock: Clock;
  readonly log: Log;
  /** Streams that there may be something to do for. */
  due(): Iterable<Stream>;
  /** Does what there is to do for a stream. */
  tend(stream: Stream): Promise<void>;
}

/** Does for streams what time demands: closes and opens shards, and removes what is past retention. */
export class StreamKeeper {
  readonly #host: StreamKeeperHost;
  #cancel: () => void = () => {};
  #running: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(host: StreamKeeperHost) {
    this.#host = host;
  }

  /** Tends the streams every minute until `stop`. */
  start(): void {
    this.#cancel = this.#host.clock.after(INTERVAL_MS, () => {
      void this.tend().then(() => {
        if (!this.#stopped) this.start();
      });
    });
  }

  /** Tends all streams now. Never rejects: what fails is tried again a minute later. */
  tend(): Promise<void> {
    this.#running = this.#running.then(async () => {
      for (const stream of [...this.#host.due()]) if (!this.#stopped) await this.#tend(stream);
    });
    return this.#running;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#running;
  }

  async #tend(stream: Stream): Promise<void> {
    try {
      await this.#host.tend(stream);
    } catch (error) {
      if (error instanceof StorageError && error.kind === "closed") return;
      const cause = error instanceof Error ? error.message : String(error);
      this.#host.log.warn("tending a stream failed; trying again", { stream: streamArn(stream), cause });
    }
  }
}
