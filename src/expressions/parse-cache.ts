/** Parsed expressions and statements by their text: applications send the same few over and over. */

/** Bounds the memory of a cache; its trees take a small multiple of their texts. */
const TEXT_CHARS_MAX = 64 * 1024;

export class ParseCache<Parsed> {
  readonly #entries = new Map<string, Parsed>();
  #chars = 0;

  /** The parsed `text`, from the cache if it is there. What `parse` throws is not kept. */
  get(text: string, parse: (text: string) => Parsed): Parsed {
    const known = this.#entries.get(text);
    if (known !== undefined) return known;
    const parsed = parse(text);
    this.#entries.set(text, parsed);
    this.#chars += text.length;
    this.#evict();
    return parsed;
  }

  /** The number of texts held. */
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
