import type { LocalStore } from "../../storage/index.ts";
import type { RequestMetrics } from "../http/request-metrics.ts";
import { type Metric, type Sample, single } from "../runtime/metrics.ts";
import type { ProcessMetrics } from "../runtime/process-metrics.ts";
import type { Catalog } from "../tables/catalog.ts";
import type { TableStatus } from "../tables/schema.ts";
import type { Table } from "../tables/table.ts";
import { COMMIT, VERSION } from "../version.ts";
import { storeMetrics } from "./store-metrics.ts";

export interface MetricSources {
  readonly requests: RequestMetrics;
  readonly process: ProcessMetrics;
  readonly catalog: Catalog;
  readonly store: LocalStore;
  /** Whether tables are shown one by one: with very many of them, that makes a long page. */
  readonly perTable: boolean;
}

/** All metrics of the server, in the order of the page. docs/operations.md has a table of them, which a test compares. */
export function serverMetrics({ requests, process, catalog, store, perTable }: MetricSources): Metric[] {
  return [
    {
      name: "walnut_build_info",
      type: "gauge",
      help: "Always 1; the labels say which Walnut this is",
      samples: [{ labels: { version: VERSION, commit: COMMIT }, value: 1 }],
    },
    ...requests.metrics(),
    ...tableMetrics(catalog, perTable),
    ...storeMetrics(store.counters(), store.health()),
    ...process.metrics(),
  ];
}

function tableMetrics(catalog: Catalog, perTable: boolean): Metric[] {
  const tables = catalog.all();
  const counts = tables.map((table) => catalog.countsOf(table.space));
  const perTableSamples = (figure: "rows" | "bytes"): Sample[] =>
    tables.map((table, at) => ({
      labels: { table: table.record.tableName },
      value: counts[at]?.[figure] ?? 0,
    }));
  const sum = (of: (table: Table) => number) => tables.reduce((all, table) => all + of(table), 0);
  return [
    {
      name: "walnut_tables",
      type: "gauge",
      help: "Tables, by status",
      samples: statusSamples(tables.map((table) => catalog.statusOf(table))),
    },
    {
      name: "walnut_secondary_indexes",
      type: "gauge",
      help: "Secondary indexes, by kind: global, local",
      samples: [
        { labels: { kind: "global" }, value: sum(({ record }) => record.globalSecondaryIndexes.length) },
        { labels: { kind: "local" }, value: sum(({ record }) => record.localSecondaryIndexes.length) },
      ],
    },
    single(
      "walnut_streams",
      "gauge",
      "Streams that are enabled",
      sum(({ stream }) => (stream ? 1 : 0)),
    ),
    single(
      "walnut_items",
      "gauge",
      "Items in all tables",
      counts.reduce((all, { rows }) => all + rows, 0),
    ),
    single(
      "walnut_item_bytes",
      "gauge",
      "Size of all items, as DynamoDB counts it",
      counts.reduce((all, { bytes }) => all + bytes, 0),
    ),
    ...(perTable
      ? [
          {
            name: "walnut_table_items",
            type: "gauge" as const,
            help: "Items of a table (with --table-metrics)",
            samples: perTableSamples("rows"),
          },
          {
            name: "walnut_table_bytes",
            type: "gauge" as const,
            help: "Size of a table's items, as DynamoDB counts it (with --table-metrics)",
            samples: perTableSamples("bytes"),
          },
        ]
      : []),
  ];
}

const STATUSES: readonly TableStatus[] = ["CREATING", "ACTIVE", "UPDATING", "DELETING"];

const statusSamples = (seen: readonly TableStatus[]): Sample[] =>
  STATUSES.map((status) => ({
    labels: { status },
    value: seen.filter((each) => each === status).length,
  }));
