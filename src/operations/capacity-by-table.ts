import {
  consumedCapacity,
  type ReturnConsumedCapacity,
  type TransactionalUnits,
  type Units,
} from "./results.ts";

interface Sum {
  table: number;
  readonly global: Map<string, number>;
  readonly local: Map<string, number>;
}

/** What a request on several items costs, added up by table (under the names the client used). */
export class CapacityByTable {
  readonly #sums = new Map<string, Sum>();

  /** Adds the units of one item; those of the table count `factor` times, those of its indexes once. */
  add(tableName: string, units: Units, factor = 1): void {
    let sum = this.#sums.get(tableName);
    if (sum === undefined) {
      sum = { table: 0, global: new Map(), local: new Map() };
      this.#sums.set(tableName, sum);
    }
    sum.table += units.table * factor;
    addAll(sum.global, units.global);
    addAll(sum.local, units.local);
  }

  /** The ConsumedCapacity member, sorted by table; undefined for NONE. `transactional`: the member that transactions add. */
  report(
    mode: ReturnConsumedCapacity | undefined,
    transactional?: TransactionalUnits,
  ): readonly object[] | undefined {
    if (mode === undefined || mode === "NONE") return undefined;
    return [...this.#sums]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .flatMap(([tableName, units]) => consumedCapacity(mode, tableName, units, transactional) ?? []);
  }
}

function addAll(sums: Map<string, number>, units: ReadonlyMap<string, number>): void {
  for (const [name, value] of units) sums.set(name, (sums.get(name) ?? 0) + value);
}
