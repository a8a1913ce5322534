import type { CompactionTask, LevelTable, PickerOptions } from "../../../storage/compaction/picker.ts";
import { pickCompaction, pickResting } from "../../../storage/compaction/picker.ts";

/** A table whose rows are numbers: key → sequence, negative for a tombstone. */
export interface SimulatedTable extends LevelTable {
  readonly rows: ReadonlyMap<string, number>;
}

/** One row counts as this many bytes. */
const rowBytes = 100;

export function simulatedTable(rows: ReadonlyMap<string, number>): SimulatedTable {
  const keys = [...rows.keys()].sort();
  return {
    rows,
    bytes: rows.size * rowBytes,
    smallest: keys[0] ?? "",
    largest: keys.at(-1) ?? "",
    entries: rows.size,
    tombstones: [...rows.values()].filter((sequence) => sequence < 0).length,
  };
}

/** A space without files: applies what the picker chooses, and counts what that would have written. */
export class SimulatedSpace {
  readonly options: PickerOptions;
  readonly tableRows: number;
  levels: SimulatedTable[][];
  flushedBytes = 0;
  compactedBytes = 0;
  compactions = 0;
  moves = 0;

  constructor(options: PickerOptions, tableRows: number) {
    this.options = options;
    this.tableRows = tableRows;
    this.levels = Array.from({ length: options.levels }, () => []);
  }

  flush(rows: ReadonlyMap<string, number>): void {
    const table = simulatedTable(rows);
    this.levels[0]?.unshift(table);
    this.flushedBytes += table.bytes;
  }

  /** Carries out one compaction; false when none is due. */
  compact(): boolean {
    return this.#carryOut(pickCompaction(this.levels, this.options));
  }

  /** As `compact`, when nobody writes any more. */
  rest(): boolean {
    return this.#carryOut(
      pickCompaction(this.levels, this.options) ?? pickResting(this.levels, this.options),
    );
  }

  #carryOut(task: CompactionTask<SimulatedTable> | undefined): boolean {
    if (task === undefined) return false;
    this.apply(task, task.kind === "move" ? task.upper : this.#merge(task));
    return true;
  }

  apply(task: CompactionTask<SimulatedTable>, outputs: readonly SimulatedTable[]): void {
    const gone = new Set([...task.upper, ...task.lower]);
    this.levels = this.levels.map((tables) => tables.filter((table) => !gone.has(table)));
    this.levels[task.outputLevel]?.push(...outputs);
    this.levels[task.outputLevel]?.sort((one, other) => (one.smallest < other.smallest ? -1 : 1));
    this.compactions++;
    if (task.kind === "move") this.moves++;
    else for (const table of outputs) this.compactedBytes += table.bytes;
  }

  #merge(task: CompactionTask<SimulatedTable>): SimulatedTable[] {
    const rows = new Map<string, number>();
    for (const table of [...task.upper, ...task.lower]) {
      for (const [key, sequence] of table.rows) {
        if (Math.abs(sequence) > Math.abs(rows.get(key) ?? 0)) rows.set(key, sequence);
      }
    }
    const older = this.levels.slice(task.outputLevel + 1).flat();
    const kept = [...rows]
      .filter(
        ([key, sequence]) =>
          sequence > 0 || older.some((table) => table.smallest <= key && key <= table.largest),
      )
      .sort(([one], [other]) => (one < other ? -1 : 1));
    const outputs: SimulatedTable[] = [];
    for (let start = 0; start < kept.length; start += this.tableRows)
      outputs.push(simulatedTable(new Map(kept.slice(start, start + this.tableRows))));
    return outputs;
  }

  /** What a read would find: levels from the newest to the oldest, the first hit counts. */
  read(key: string): number | undefined {
    for (const table of this.levels.flat()) {
      const sequence = table.rows.get(key);
      if (sequence !== undefined) return sequence < 0 ? undefined : sequence;
    }
    return undefined;
  }

  get bytes(): number {
    return this.levels.flat().reduce((sum, table) => sum + table.bytes, 0);
  }
}
