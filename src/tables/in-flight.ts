import type { Key, RowAddress, SpaceId } from "../../storage/index.ts";

/**
 * Rows of the transactions under way: from before they are decided until what they did is visible. Kept only where overlapping
 * transactions shall be refused, as the service does it; by default they queue in the store and nobody is refused.
 */
export class InFlightRows {
  readonly #keys = new Map<SpaceId, Set<Key>>();

  /** For each row whether a transaction under way has it; undefined when none is held. */
  heldAmong(rows: readonly RowAddress[]): readonly boolean[] | undefined {
    return rows.some((row) => this.#isHeld(row)) ? rows.map((row) => this.#isHeld(row)) : undefined;
  }

  /** Takes rows, none of which may be held. Returns the function that gives them back. */
  hold(rows: readonly RowAddress[]): () => void {
    for (const { space, key } of rows) {
      const keys = this.#keys.get(space);
      if (keys === undefined) this.#keys.set(space, new Set([key]));
      else keys.add(key);
    }
    return () => {
      for (const { space, key } of rows) {
        const keys = this.#keys.get(space);
        keys?.delete(key);
        if (keys?.size === 0) this.#keys.delete(space);
      }
    };
  }

  #isHeld({ space, key }: RowAddress): boolean {
    return this.#keys.get(space)?.has(key) === true;
  }
}
