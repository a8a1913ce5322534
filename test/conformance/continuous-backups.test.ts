/** UpdateContinuousBackups, DescribeContinuousBackups. */
import { describe, expect, test } from "bun:test";
import {
  DescribeContinuousBackupsCommand,
  PointInTimeRecoveryUnavailableException,
  RestoreTableToPointInTimeCommand,
  TableNotFoundException,
  UpdateContinuousBackupsCommand,
} from "@aws-sdk/client-dynamodb";
import { member, useTarget, validation, violated } from "./target.ts";

const target = useTarget();

const DISABLED = {
  ContinuousBackupsDescription: {
    ContinuousBackupsStatus: "ENABLED",
    PointInTimeRecoveryDescription: { PointInTimeRecoveryStatus: "DISABLED" },
  },
};

const setting = (TableName: string, PointInTimeRecoveryEnabled: boolean, RecoveryPeriodInDays?: number) => ({
  TableName,
  PointInTimeRecoverySpecification: {
    PointInTimeRecoveryEnabled,
    ...(RecoveryPeriodInDays === undefined ? {} : { RecoveryPeriodInDays }),
  },
});

async function recoveryOf(answer: Promise<Parameters<typeof member>[0]>) {
  const description = member(await answer, "ContinuousBackupsDescription");
  expect(description["ContinuousBackupsStatus"]).toBe("ENABLED");
  return member(description, "PointInTimeRecoveryDescription");
}

describe("the setting", () => {
  test("is off, is enabled at once, and describes the instants in whole seconds", async () => {
    const table = await target.table();
    expect(await target.ok("DescribeContinuousBackups", { TableName: table })).toEqual(DISABLED);
    const before = Math.floor(Date.now() / 1000);
    const recovery = await recoveryOf(target.ok("UpdateContinuousBackups", setting(table, true)));
    expect(recovery).toMatchObject({ PointInTimeRecoveryStatus: "ENABLED", RecoveryPeriodInDays: 35 });
    for (const name of ["EarliestRestorableDateTime", "LatestRestorableDateTime"]) {
      const seconds = Number(recovery[name]);
      expect(Number.isInteger(seconds)).toBe(true);
      expect(seconds).toBeGreaterThanOrEqual(before);
      expect(seconds).toBeLessThanOrEqual(Math.floor(Date.now() / 1000));
    }
    const described = await recoveryOf(target.ok("DescribeContinuousBackups", { TableName: table }));
    expect(described["EarliestRestorableDateTime"]).toBe(recovery["EarliestRestorableDateTime"] ?? null);
  });

  test("may be enabled again, which changes nothing; its period may be changed", async () => {
    const table = await target.table();
    const first = await recoveryOf(target.ok("UpdateContinuousBackups", setting(table, true, 7)));
    expect(first["RecoveryPeriodInDays"]).toBe(7);
    const again = await recoveryOf(target.ok("UpdateContinuousBackups", setting(table, true)));
    expect(again["RecoveryPeriodInDays"]).toBe(7);
    expect(again["EarliestRestorableDateTime"]).toBe(first["EarliestRestorableDateTime"] ?? null);
    const shorter = await recoveryOf(target.ok("UpdateContinuousBackups", setting(table, true, 1)));
    expect(shorter["RecoveryPeriodInDays"]).toBe(1);
  });

  test("disabled and enabled again, the past begins anew with 35 days", async () => {
    const table = await target.table();
    const first = await recoveryOf(target.ok("UpdateContinuousBackups", setting(table, true, 3)));
    expect(await target.ok("UpdateContinuousBackups", setting(table, false))).toEqual(DISABLED);
    expect(await target.ok("UpdateContinuousBackups", setting(table, false))).toEqual(DISABLED);
    await Bun.sleep(1_050);
    const second = await recoveryOf(target.ok("UpdateContinuousBackups", setting(table, true)));
    expect(second["RecoveryPeriodInDays"]).toBe(35);
    expect(Number(second["EarliestRestorableDateTime"])).toBeGreaterThan(
      Number(first["EarliestRestorableDateTime"]),
    );
  });

  test("takes the table's ARN", async () => {
    const table = await target.table();
    const { TableArn } = member(await target.ok("DescribeTable", { TableName: table }), "Table");
    const recovery = await recoveryOf(target.ok("UpdateContinuousBackups", setting(String(TableArn), true)));
    expect(recovery["PointInTimeRecoveryStatus"]).toBe("ENABLED");
    expect(
      (await recoveryOf(target.ok("DescribeContinuousBackups", { TableName: TableArn ?? null })))[
        "PointInTimeRecoveryStatus"
      ],
    ).toBe("ENABLED");
  });
});

describe("refusals", () => {
  const missing = {
    status: 400,
    type: "TableNotFoundException",
    message: "Table not found: conformance-missing",
  };

  test("no such table", async () => {
    expect(await target.refusal("UpdateContinuousBackups", setting("conformance-missing", true))).toEqual(
      missing,
    );
    expect(await target.refusal("DescribeContinuousBackups", { TableName: "conformance-missing" })).toEqual(
      missing,
    );
  });

  test("no table name, no specification, nothing in it", async () => {
    const absent = validation("The parameter 'TableName' is required but was not present in the request");
    expect(await target.refusal("UpdateContinuousBackups", {})).toEqual(absent);
    expect(await target.refusal("DescribeContinuousBackups", {})).toEqual(absent);
    expect(await target.refusal("UpdateContinuousBackups", { TableName: "abc" })).toEqual(
      violated(null, "pointInTimeRecoverySpecification", "Member must not be null"),
    );
    expect(
      await target.refusal("UpdateContinuousBackups", {
        TableName: "abc",
        PointInTimeRecoverySpecification: {},
      }),
    ).toEqual(
      violated(
        null,
        "pointInTimeRecoverySpecification.pointInTimeRecoveryEnabled",
        "Member must not be null",
      ),
    );
  });

  test("a period out of its bounds, or with disabling", async () => {
    const path = "pointInTimeRecoverySpecification.recoveryPeriodInDays";
    expect(await target.refusal("UpdateContinuousBackups", setting("abc", true, 0))).toEqual(
      violated("0", path, "Member must have value greater than or equal to 1"),
    );
    expect(await target.refusal("UpdateContinuousBackups", setting("abc", true, 36))).toEqual(
      violated("36", path, "Member must have value less than or equal to 35"),
    );
    expect(await target.refusal("UpdateContinuousBackups", setting("abc", false, 5))).toEqual(
      validation(
        "Invalid Request: Cannot specify RecoveryPeriodInDays when disabling point-in-time recovery.",
      ),
    );
  });
});

test("through the SDK", async () => {
  const TableName = await target.table();
  const { client } = target;
  const enabled = await client.send(
    new UpdateContinuousBackupsCommand({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true, RecoveryPeriodInDays: 2 },
    }),
  );
  const recovery = enabled.ContinuousBackupsDescription?.PointInTimeRecoveryDescription;
  expect(recovery?.EarliestRestorableDateTime).toBeInstanceOf(Date);
  const described = await client.send(new DescribeContinuousBackupsCommand({ TableName }));
  expect(described.ContinuousBackupsDescription?.PointInTimeRecoveryDescription?.RecoveryPeriodInDays).toBe(
    2,
  );
  const other = await target.table();
  const refusals = [
    [client.send(new DescribeContinuousBackupsCommand({ TableName: "no-such" })), TableNotFoundException],
    [
      client.send(
        new RestoreTableToPointInTimeCommand({
          SourceTableName: other,
          TargetTableName: "any",
          UseLatestRestorableTime: true,
        }),
      ),
      PointInTimeRecoveryUnavailableException,
    ],
  ] as const;
  for (const [sent, type] of refusals) {
    const error: unknown = await sent.catch((cause: unknown) => cause);
    expect(error).toBeInstanceOf(type);
  }
});
