/** What the benchmark tells the process that measures. It travels as JSON. */
import type { KeyStyle } from "./rows.ts";

export const SUBJECTS = {
  walnut: "Walnut",
  leveldb: "LevelDB",
  "leveldb-await": "LevelDB, await get",
  "leveldb-defaults": "LevelDB, defaults",
  lmdb: "LMDB",
  sqlite: "SQLite",
} as const;
export type SubjectName = keyof typeof SUBJECTS;

export type WorkloadName =
  | "fillseq"
  | "fillrandom"
  | "fillsync"
  | "overwrite"
  | "readrandom"
  | "readcached"
  | "readmissing"
  | "seekrandom"
  | "readseq"
  | "readreverse"
  | "readwhilewriting";

/** What no workload of db_bench asks. */
export type ProbeName = "fill-log-and-die" | "reopen" | "rest" | "read-latency" | "load-and-drop";

export interface Job {
  readonly subject: SubjectName;
  readonly run: WorkloadName | ProbeName;
  readonly directory: string;
  /** Rows of the table, of which the writing workloads write all. */
  readonly rows: number;
  readonly keys: KeyStyle;
  readonly valueBytes: number;
  /** Rows per write batch. */
  readonly batchRows: number;
  readonly seed: number;
  /** How long the reading workloads read. */
  readonly seconds: number;
  readonly synced: boolean;
  readonly cacheBytes: number;
  readonly writeBufferBytes: number;
}

/** In milliseconds. */
export interface Latency {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}
