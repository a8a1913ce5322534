/** Global tables of the version of 2017, and replicas' auto scaling: what a server of one region says of them. */
import { describe, expect, test } from "bun:test";
import { invalid, notFound, useTarget, violated } from "./target.ts";

const target = useTarget();
const ABSENT = "Global table with name: 'gone' does not exist.";

describe("legacy global tables", () => {
  test("are created no more", async () => {
    const input = { GlobalTableName: "gone", ReplicationGroup: [{ RegionName: "us-east-1" }] };
    expect(await target.refusal("CreateGlobalTable", input)).toEqual(
      invalid(
        "DynamoDB global tables version 2017.11.29 is not supported. We recommend using DynamoDB global tables version 2019.11.21, " +
          "instead of version 2017.11.29 (Legacy).",
      ),
    );
  });

  test.each([
    ["DescribeGlobalTable", {}],
    ["DescribeGlobalTableSettings", {}],
    ["UpdateGlobalTable", { ReplicaUpdates: [{ Create: { RegionName: "eu-west-1" } }] }],
    ["UpdateGlobalTableSettings", { GlobalTableBillingMode: "PAY_PER_REQUEST" }],
  ])("%s finds none", async (operation, more) => {
    expect(await target.refusal(operation, { GlobalTableName: "gone", ...more })).toEqual({
      ...{ status: 400, type: "GlobalTableNotFoundException", message: ABSENT },
    });
  });

  test("the request is looked at first", async () => {
    expect(await target.refusal("DescribeGlobalTable", { GlobalTableName: "ab" })).toEqual(
      violated("ab", "globalTableName", "Member must have length greater than or equal to 3"),
    );
  });

  test("there is none to list", async () => {
    expect(await target.ok("ListGlobalTables", {})).toEqual({ GlobalTables: [] });
    expect(await target.ok("ListGlobalTables", { RegionName: "us-east-1", Limit: 1 })).toEqual({
      GlobalTables: [],
    });
  });
});

describe("auto scaling of replicas", () => {
  test("is not known of a table without replicas, nor of one that is not there", async () => {
    const name = await target.table();
    for (const TableName of [name, "gone"]) {
      const absent = notFound(`Global table with name: '${TableName}' does not exist.`);
      expect(await target.refusal("DescribeTableReplicaAutoScaling", { TableName })).toEqual(absent);
      expect(await target.refusal("UpdateTableReplicaAutoScaling", { TableName })).toEqual(absent);
    }
  });
});
