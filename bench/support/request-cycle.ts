import assert from "node:assert/strict";

/** A place in a prebuilt request that is different each time the request is sent. */
export const SERIAL = "#".repeat(16);

const DIGIT_0 = 48;

/** Prebuilt requests in turn, again and again, each with a serial number of its own where it has a place for one. */
export class RequestCycle {
  readonly #requests: readonly Buffer[];
  readonly #serialAt: readonly number[];
  #next = 0;
  /** Greater than those of earlier runs: a run takes less than a serial per microsecond. */
  #serial = Date.now() * 1000;

  constructor(requests: readonly Buffer[]) {
    assert(requests.length > 0, "there are requests");
    this.#requests = requests;
    this.#serialAt = requests.map((request) => request.indexOf(SERIAL));
  }

  /** The next request; its bytes are good until it comes round again. */
  next(): Buffer {
    const at = this.#next;
    this.#next = at + 1 === this.#requests.length ? 0 : at + 1;
    const request = this.#requests[at];
    const serialAt = this.#serialAt[at];
    assert(request !== undefined && serialAt !== undefined, "requests and places belong together");
    if (serialAt >= 0) this.#writeSerial(request, serialAt);
    return request;
  }

  #writeSerial(request: Buffer, at: number): void {
    this.#serial += 1;
    let rest = this.#serial;
    for (let digit = at + SERIAL.length - 1; digit >= at; digit -= 1) {
      request[digit] = DIGIT_0 + (rest % 10);
      rest = Math.floor(rest / 10);
    }
  }
}
