/** Parsed expressions by their text: applications send the same few expressions over and over. */
import type { Parsed } from "./syntax.ts";

/** Bounds the memory of a cache; its trees take a small multiple of their texts. */
const TEXT_CHARS_MAX = 64 * 1024;

export class ParseCache<Tree> {
  readonly #entries = new Map<string, Parsed<Tree>>();
  #chars = 0;

  /** The parsed `text`, from the cache if it is there. What `parse` throws is not kept. */
  get(text: string, parse: (text: string) => Parsed<Tree>): Parsed<Tree> {
    const known = this.#entries.get(text);
    if (known !== undefined) return known;
    const parsed = parse(text);
    this.#entries.set(text, parsed);
    this.#chars += text.length;
    this.#evict();
    return parsed;
  }

  /** The number of expressions held. */
  get size(): number {
    return this.#entries.size;
  }

  /** Drops the oldest entries until the rest fits. */
  #evict(): void {
    for (const text of this.#entries.keys()) {
      if (this.#chars <= TEXT_CHARS_MAX) return;
      this.#entries.delete(text);
      this.#chars -= text.length;
    }
  }
}
