import { objectAt } from "../encoding.ts";
import type { Key } from "../store.ts";

/**
 * Key → entry for point lookups: a Map, split into many before it grows large, because a Map of 200,000 keys stops the world
 * for over ten milliseconds when it doubles.
 */
export class PointIndex {
  #shards: Map<Key, number>[] = [new Map()];
  #mask = 0;

  get(key: Key): number | undefined {
    return objectAt(this.#shards, shardOf(key, this.#mask)).get(key);
  }

  /** Adds a key that is not there yet. */
  add(key: Key, entry: number): void {
    const shard = objectAt(this.#shards, shardOf(key, this.#mask));
    shard.set(key, entry);
    if (this.#mask === 0 && shard.size === unshardedKeysMax) this.#split(shard);
  }

  delete(key: Key): void {
    objectAt(this.#shards, shardOf(key, this.#mask)).delete(key);
  }

  #split(all: ReadonlyMap<Key, number>): void {
    this.#shards = Array.from({ length: shardCount }, () => new Map<Key, number>());
    this.#mask = shardCount - 1;
    for (const [key, entry] of all) objectAt(this.#shards, shardOf(key, this.#mask)).set(key, entry);
  }
}

const shardCount = 64;
const unshardedKeysMax = 2048;

/** Row keys begin with four bytes of hash; rows of one partition, and other keys, differ at their end. */
function shardOf(key: Key, mask: number): number {
  if (mask === 0 || key.length < 4) return 0;
  return (key.charCodeAt(3) + key.charCodeAt(key.length - 1)) & mask;
}
