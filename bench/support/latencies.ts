import { quantile } from "./statistics.ts";

/** Latencies of a run in milliseconds; cheap to add to. */
export class Latencies {
  #values = new Float64Array(1 << 16);
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(ms: number): void {
    if (this.#count === this.#values.length) {
      const larger = new Float64Array(this.#values.length * 2);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.#count] = ms;
    this.#count += 1;
  }

  /** The latencies below which the given shares (0 to 1) of all lie. */
  quantiles<const S extends readonly number[]>(...shares: S): { readonly [K in keyof S]: number } {
    const sorted = this.#values.slice(0, this.#count).sort();
    return shares.map((share) => quantile(sorted, share)) as { readonly [K in keyof S]: number };
  }
}
