import type { Written } from "../tables/write.ts";
import { canonicalJson } from "../values/canonical-json.ts";
import type { PreparedWrite } from "./prepared-write.ts";
import { itemCollectionMetrics, type ReturnItemCollectionMetrics } from "./results.ts";

/** The item collections that a request on several items changed, by table (under the names the client used). */
export class MetricsByTable {
  readonly #mode: ReturnItemCollectionMetrics | undefined;
  readonly #tables = new Map<string, Map<string, object>>();

  constructor(mode: ReturnItemCollectionMetrics | undefined) {
    this.#mode = mode;
  }

  /** Adds the collection of a written item, if its table has collections. */
  add({ tableName, attributes }: PreparedWrite, written: Written): void {
    const metrics = itemCollectionMetrics(this.#mode, written, attributes);
    if (metrics === undefined) return;
    let collections = this.#tables.get(tableName);
    if (collections === undefined) {
      collections = new Map();
      this.#tables.set(tableName, collections);
    }
    collections.set(canonicalJson(metrics.ItemCollectionKey), metrics);
  }

  /** The ItemCollectionMetrics member: each collection once; undefined when there is none to tell of. */
  report(): object | undefined {
    if (this.#tables.size === 0) return undefined;
    return Object.fromEntries(
      [...this.#tables].map(([tableName, collections]) => [tableName, [...collections.values()]]),
    );
  }
}
