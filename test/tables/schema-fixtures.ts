/** Requests and contexts for the tests of table schemas. */
import { ApiError } from "../../src/errors.ts";
import { describeTable, type TableDescription } from "../../src/tables/describe.ts";
import type { TableRecord } from "../../src/tables/schema.ts";
import { planCreateTable } from "../../src/tables/schema-create.ts";
import type { UpdatePlan } from "../../src/tables/schema-plan.ts";
import type {
  AttributeDefinition,
  CreateTableRequest,
  GlobalSecondaryIndexRequest,
  KeySchemaElement,
  LocalSecondaryIndexRequest,
  PlanContext,
  UpdateTableRequest,
} from "../../src/tables/schema-request.ts";
import { planUpdateTable } from "../../src/tables/schema-update.ts";
import { checkUpdateTable } from "../../src/tables/schema-update-request.ts";

/** 2026-11-22T12:00:00.123Z */
export const now = Date.UTC(2026, 10, 22, 12, 0, 0, 123);
export const hour = 3_600_000;
export const day = 24 * hour;

let ids = 0;
const contextAt = (ms: number): PlanContext => ({
  now: ms,
  accountId: "123456789012",
  region: "us-east-1",
  newId: () => `id-${++ids}`,
});
export const context = contextAt(now);

/** "pk:HASH sk:RANGE" */
export const keyOf = (text: string): KeySchemaElement[] =>
  text.split(" ").map((element) => {
    const [name = "", type] = element.split(":");
    return { AttributeName: name, KeyType: type === "RANGE" ? "RANGE" : "HASH" };
  });

/** "pk:S sk:N" */
export const definitionsOf = (text: string): AttributeDefinition[] =>
  text.split(" ").map((definition) => {
    const [name = "", type] = definition.split(":");
    return { AttributeName: name, AttributeType: type === "N" ? "N" : type === "B" ? "B" : "S" };
  });

export const hashTable: CreateTableRequest = {
  TableName: "Table",
  AttributeDefinitions: definitionsOf("pk:S"),
  KeySchema: keyOf("pk:HASH"),
  BillingMode: "PAY_PER_REQUEST",
};

export const sortTable: CreateTableRequest = {
  ...hashTable,
  AttributeDefinitions: definitionsOf("pk:S sk:N"),
  KeySchema: keyOf("pk:HASH sk:RANGE"),
};

export const gsi = (
  name: string,
  key: string,
  others: Partial<GlobalSecondaryIndexRequest> = {},
): GlobalSecondaryIndexRequest => ({
  IndexName: name,
  KeySchema: keyOf(key),
  Projection: { ProjectionType: "ALL" },
  ...others,
});

export const lsi = (
  name: string,
  key: string,
  others: Partial<LocalSecondaryIndexRequest> = {},
): LocalSecondaryIndexRequest => ({
  IndexName: name,
  KeySchema: keyOf(key),
  Projection: { ProjectionType: "ALL" },
  ...others,
});

export const units = (reads: number, writes: number) => ({
  ReadCapacityUnits: reads,
  WriteCapacityUnits: writes,
});

/** The same request with provisioned capacity, for its global indexes too. */
export const provisioned = (request: CreateTableRequest, reads = 10, writes = 10): CreateTableRequest => ({
  ...request,
  BillingMode: "PROVISIONED",
  ProvisionedThroughput: units(reads, writes),
  ...(request.GlobalSecondaryIndexes === undefined
    ? {}
    : {
        GlobalSecondaryIndexes: request.GlobalSecondaryIndexes.map((index) => ({
          ...index,
          ProvisionedThroughput: units(reads, writes),
        })),
      }),
});

/** The name and message of what `task` throws; "none" when it throws nothing. */
export function refusal(task: () => unknown): string {
  try {
    task();
    return "none";
  } catch (error) {
    if (error instanceof ApiError) return `${error.name}: ${error.message}`;
    throw error;
  }
}

export const create = (request: CreateTableRequest): TableRecord => planCreateTable(request, context);

/** What CreateTable says to a request. */
export const createRefusal = (request: CreateTableRequest): string => refusal(() => create(request));

/** An update as a whole, its table found. */
export function update(
  record: TableRecord,
  request: Omit<UpdateTableRequest, "TableName">,
  ms: number = now,
): UpdatePlan {
  const whole = { TableName: record.tableName, ...request };
  checkUpdateTable(whole);
  return planUpdateTable(record, whole, contextAt(ms));
}

/** What UpdateTable says to a request. */
export const updateRefusal = (
  record: TableRecord,
  request: Omit<UpdateTableRequest, "TableName">,
  ms?: number,
) => refusal(() => update(record, request, ms));

export const describe = (record: TableRecord, ms: number = now): TableDescription =>
  describeTable(record, { now: ms, stats: () => ({ rows: 3, bytes: 300 }) });

export const invalid = (problem: string): string =>
  `ValidationException: One or more parameter values were invalid: ${problem}`;
export const plain = (message: string): string => `ValidationException: ${message}`;
