/**
 * Without --durability sync a removal of a space or a checkpoint survived a power cut that the commit before it, by which nothing named them any more,
 * did not: the server then did not start for want of a table's space, or listed a backup that could not be restored. Found by reading.
 */
import { expect, test } from "bun:test";
import { openStore } from "../../storage/index.ts";
import { CrashVfs } from "../support/crash-vfs.ts";
import { type InProcess, inProcess } from "../support/in-process.ts";
import { ok, recovery, statusOf, table, until } from "../tables/restore-scene.ts";

const count = async (server: InProcess, TableName: string) =>
  (await ok(server, "Scan", { TableName, Select: "COUNT" }))["Count"];

test("what names a space or a checkpoint does not come back without it", async () => {
  const vfs = new CrashVfs();
  const store = await openStore({ vfs, durability: { mode: "off" }, worker: false });
  const server = await inProcess(store);
  for (const TableName of ["Kept", "Gone", "Recovered"]) {
    await ok(server, "CreateTable", table(TableName));
    await ok(server, "PutItem", { TableName, Item: { pk: { S: "a" }, g: { S: "x" } } });
  }
  const backUp = async (BackupName: string) =>
    (await ok(server, "CreateBackup", { TableName: "Kept", BackupName }))["BackupDetails"] as {
      BackupArn: string;
    };
  const deleted = await backUp("deleted");
  await backUp("kept");
  await ok(server, "UpdateContinuousBackups", recovery("Recovered"));
  await ok(server, "DeleteBackup", { BackupArn: deleted.BackupArn });
  await ok(server, "DeleteTable", { TableName: "Gone" });
  await ok(server, "DeleteTable", { TableName: "Recovered" });

  const image = vfs.image("durable", () => 0);
  const restarted = await openStore({ vfs: image, worker: false });
  const after = await inProcess(restarted);
  const { TableNames } = (await ok(after, "ListTables", {})) as { TableNames: string[] };
  for (const name of TableNames) expect(await count(after, name)).toBe(1);
  const { BackupSummaries } = (await ok(after, "ListBackups", { BackupType: "ALL" })) as {
    BackupSummaries: { BackupArn: string }[];
  };
  for (const [at, { BackupArn }] of BackupSummaries.entries()) {
    const TargetTableName = `Restored${at}`;
    await ok(after, "RestoreTableFromBackup", { BackupArn, TargetTableName });
    await until(async () => (await statusOf(after, TargetTableName)) === "ACTIVE");
    expect(await count(after, TargetTableName)).toBe(1);
  }
  await after.catalog.close();
  await restarted.close();
  await server.catalog.close();
  await store.close();
});
