/** A table with point-in-time recovery on a server whose clock the test moves, and restores that wait for the test. */
import { expect } from "bun:test";
import type { Store } from "../../storage/index.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import type { ManualClock } from "../support/manual-clock.ts";
import { withMethod } from "../support/with-method.ts";

export const DELAY_MS = 1_000;
const KEY = [{ AttributeName: "pk", KeyType: "HASH" }];
const definitions = (...names: string[]) =>
  names.map((AttributeName) => ({ AttributeName, AttributeType: "S" }));
export const table = (TableName: string) => ({
  TableName,
  BillingMode: "PAY_PER_REQUEST",
  KeySchema: KEY,
  AttributeDefinitions: definitions("pk", "g"),
  GlobalSecondaryIndexes: [
    {
      IndexName: "idx",
      KeySchema: [{ AttributeName: "g", KeyType: "HASH" }],
      Projection: { ProjectionType: "ALL" },
    },
  ],
});
export const recovery = (TableName: string, more: object = { PointInTimeRecoveryEnabled: true }) => ({
  TableName,
  PointInTimeRecoverySpecification: more,
});
export const latest = (SourceTableName: string, TargetTableName: string) => ({
  SourceTableName,
  TargetTableName,
  UseLatestRestorableTime: true,
});

export type Body = Readonly<Record<string, unknown>>;

export async function ok(server: InProcess, operation: string, input: object): Promise<Body> {
  const answer = await server.call(operation, input);
  expect({ operation, ...answer }).toMatchObject({ status: 200 });
  return answer.body;
}

export async function refusal(server: InProcess, operation: string, input: object) {
  const { error, body } = await server.call(operation, input);
  return `${error}: ${body["message"] ?? body["Message"]}`;
}

export const statusOf = async (server: InProcess, TableName: string) => {
  const { body } = await server.call("DescribeTable", { TableName });
  return (body["Table"] as { TableStatus?: string } | undefined)?.TableStatus;
};

export async function until(done: () => Promise<boolean>): Promise<void> {
  for (let tries = 0; !(await done()); tries += 1) {
    expect(tries).toBeLessThan(2_000);
    await Bun.sleep(1);
  }
}

/** A table with recovery and `items` items, on a server whose clock stands. */
export async function scene(
  store: Store,
  clock: ManualClock,
  options: { pitrLagMs?: number; items?: number } = {},
) {
  const { items = 3, ...more } = options;
  const server = await inProcess(store, { clock, tableDelayMs: DELAY_MS, ...more });
  await ok(server, "CreateTable", table("Source"));
  clock.advance(2 * DELAY_MS);
  await ok(server, "UpdateContinuousBackups", recovery("Source"));
  for (let at = 0; at < items; at += 1) {
    await ok(server, "PutItem", { TableName: "Source", Item: { pk: { S: `${at}` }, g: { S: `${at % 2}` } } });
  }
  return server;
}

/** The store, its restores waiting until `release` is called, which may make them fail. */
export function heldRestores(store: Store) {
  const { promise, resolve } = Promise.withResolvers<Error | undefined>();
  const held = withMethod(store, "restore", async (...given: Parameters<Store["restore"]>) => {
    const failure = await promise;
    if (failure !== undefined) throw failure;
    await store.restore(...given);
  });
  return { store: held, release: resolve };
}
