/** UpdateTable: billing, throughput, protection, class; and DeleteTable. */
import { describe, expect, test } from "bun:test";
import {
  inUse,
  invalid,
  type JsonObject,
  member,
  notFound,
  untilActive,
  untilGone,
  useTarget,
  validation,
} from "./target.ts";

const target = useTarget();

const throughput = (ReadCapacityUnits: number, WriteCapacityUnits: number) => ({
  ProvisionedThroughput: { ReadCapacityUnits, WriteCapacityUnits },
});
const PROVISIONED = { BillingMode: "PROVISIONED", ...throughput(5, 5) };
const NOTHING =
  "At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, GlobalSecondaryIndexUpdates, SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required";

const update = async (TableName: string, changes: JsonObject) =>
  member(await target.ok("UpdateTable", { TableName, ...changes }), "TableDescription");
const refusal = (TableName: string, changes: JsonObject) =>
  target.refusal("UpdateTable", { TableName, ...changes });

describe("what every request needs", () => {
  test("a name", async () => {
    expect(await target.refusal("UpdateTable", { BillingMode: "PAY_PER_REQUEST" })).toEqual(
      validation("The parameter 'TableName' is required but was not present in the request"),
    );
  });

  test("a change, before the table is looked up", async () => {
    expect(await refusal("no-such-table", {})).toEqual(validation(NOTHING));
    // What was sent but counts as nothing is left out of the list.
    expect(await refusal("no-such-table", { GlobalSecondaryIndexUpdates: [] })).toEqual(
      validation(NOTHING.replace("GlobalSecondaryIndexUpdates, ", "")),
    );
  });

  test("a table", async () => {
    expect(await refusal("no-such-table", { BillingMode: "PAY_PER_REQUEST" })).toEqual(
      notFound("Requested resource not found: Table: no-such-table not found"),
    );
  });
});

describe("throughput", () => {
  test("the reply says UPDATING with the old values; then the new ones with their times", async () => {
    const name = await target.table({ more: PROVISIONED });
    const reply = await update(name, throughput(20, 4));
    expect(reply["TableStatus"]).toBe("UPDATING");
    expect(member(reply, "ProvisionedThroughput")).toMatchObject({
      ReadCapacityUnits: 5,
      WriteCapacityUnits: 5,
    });
    expect((await untilActive(target, name))["ProvisionedThroughput"]).toEqual({
      ReadCapacityUnits: 20,
      WriteCapacityUnits: 4,
      NumberOfDecreasesToday: 1,
      LastIncreaseDateTime: expect.any(Number),
      LastDecreaseDateTime: expect.any(Number),
    } as never);
  });

  test("an increase counts no decrease", async () => {
    const name = await target.table({ more: PROVISIONED });
    await update(name, throughput(6, 5));
    const now = member(await untilActive(target, name), "ProvisionedThroughput");
    expect(now["NumberOfDecreasesToday"]).toBe(0);
    expect(now["LastDecreaseDateTime"]).toBeUndefined();
  });

  test("unchanged values", async () => {
    const name = await target.table({ more: PROVISIONED });
    expect(await refusal(name, throughput(5, 5))).toEqual(
      validation(
        "The provisioned throughput for the table will not change. The requested value equals the current value. Current ReadCapacityUnits provisioned for the table: 5. Requested ReadCapacityUnits: 5. Current WriteCapacityUnits provisioned for the table: 5. Requested WriteCapacityUnits: 5. Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.",
      ),
    );
  });

  test("the fifth decrease of a day", async () => {
    const name = await target.table({ more: { BillingMode: "PROVISIONED", ...throughput(9, 9) } });
    for (let units = 8; units > 4; units -= 1) {
      await update(name, throughput(units, 9));
      await untilActive(target, name);
    }
    const refused = await refusal(name, throughput(4, 9));
    expect(refused.type).toBe("LimitExceededException");
    expect(refused.message).toStartWith(
      "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every 3600 seconds. Number of decreases today: 4. Last decrease at ",
    );
  });

  test("on an on-demand table", async () => {
    const name = await target.table();
    expect(await refusal(name, throughput(5, 5))).toEqual(
      invalid(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
      ),
    );
  });
});

describe("billing mode", () => {
  test("to on-demand and back: what the description keeps", async () => {
    const name = await target.table({ more: PROVISIONED });
    const reply = await update(name, { BillingMode: "PAY_PER_REQUEST" });
    expect(reply["TableStatus"]).toBe("UPDATING");
    const onDemand = await untilActive(target, name);
    expect(onDemand["BillingModeSummary"]).toEqual({
      BillingMode: "PAY_PER_REQUEST",
      LastUpdateToPayPerRequestDateTime: expect.any(Number),
    } as never);
    expect(member(onDemand, "ProvisionedThroughput")).toMatchObject({
      ReadCapacityUnits: 0,
      WriteCapacityUnits: 0,
    });

    await update(name, { BillingMode: "PROVISIONED", ...throughput(3, 4) });
    const provisioned = await untilActive(target, name);
    expect(member(provisioned, "BillingModeSummary")["BillingMode"]).toBe("PROVISIONED");
    expect(member(provisioned, "ProvisionedThroughput")).toMatchObject({
      ReadCapacityUnits: 3,
      WriteCapacityUnits: 4,
    });
  });

  test("on-demand again is a success that changes nothing", async () => {
    const name = await target.table();
    expect((await update(name, { BillingMode: "PAY_PER_REQUEST" }))["TableStatus"]).toBe("UPDATING");
    expect(member(await untilActive(target, name), "BillingModeSummary")["BillingMode"]).toBe(
      "PAY_PER_REQUEST",
    );
  });

  const NEEDED = invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED");

  test("provisioned without throughput, on either kind of table", async () => {
    expect(await refusal(await target.table(), { BillingMode: "PROVISIONED" })).toEqual(NEEDED);
    expect(await refusal(await target.table({ more: PROVISIONED }), { BillingMode: "PROVISIONED" })).toEqual(
      NEEDED,
    );
  });

  test("on-demand with throughput", async () => {
    expect(
      await refusal(await target.table(), { BillingMode: "PAY_PER_REQUEST", ...throughput(1, 1) }),
    ).toEqual(invalid("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST"));
  });
});

describe("on-demand maximum", () => {
  test("members merge one by one, -1 removes, the table stays ACTIVE", async () => {
    const name = await target.table();
    const set = async (OnDemandThroughput: JsonObject) => {
      const reply = await update(name, { OnDemandThroughput });
      expect(reply["TableStatus"]).toBe("ACTIVE");
      return (await untilActive(target, name))["OnDemandThroughput"];
    };
    expect(await set({ MaxReadRequestUnits: 5 })).toEqual({ MaxReadRequestUnits: 5 });
    expect(await set({ MaxWriteRequestUnits: 6 })).toEqual({
      MaxReadRequestUnits: 5,
      MaxWriteRequestUnits: 6,
    });
    expect(await set({ MaxReadRequestUnits: -1 })).toEqual({ MaxWriteRequestUnits: 6 });
    expect(await set({ MaxWriteRequestUnits: -1 })).toBeUndefined();
  });

  test("on a provisioned table", async () => {
    const name = await target.table({ more: PROVISIONED });
    expect(await refusal(name, { OnDemandThroughput: { MaxReadRequestUnits: 5 } })).toEqual(
      invalid(
        "MaxReadRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED",
      ),
    );
  });

  test("outside of the range", async () => {
    expect(await refusal(await target.table(), { OnDemandThroughput: { MaxWriteRequestUnits: 0 } })).toEqual(
      invalid("Requested MaxWriteRequestUnits for OnDemandThroughput for table is outside of valid range"),
    );
  });
});

describe("one concern per call", () => {
  const CLASS = { TableClass: "STANDARD_INFREQUENT_ACCESS" };
  const PROTECTION = { DeletionProtectionEnabled: true };
  const SSE = { SSESpecification: { Enabled: true } };
  const only = (what: string) => invalid(`${what} modification must be the only operation in the request`);

  test.each([
    ["encryption", { ...SSE, ...CLASS }, only("Server-Side Encryption")],
    ["encryption and protection", { ...SSE, ...PROTECTION }, only("Server-Side Encryption")],
    ["class", { ...CLASS, BillingMode: "PAY_PER_REQUEST" }, only("TableClass")],
    ["class and protection", { ...CLASS, ...PROTECTION }, only("TableClass")],
    ["protection", { ...PROTECTION, BillingMode: "PAY_PER_REQUEST" }, only("DeletionProtection")],
    [
      "on-demand maximum",
      { OnDemandThroughput: { MaxReadRequestUnits: 5 }, ...throughput(1, 1) },
      invalid("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"),
    ],
    [
      "stream and throughput",
      { StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" }, ...throughput(1, 1) },
      invalid("You cannot modify stream status while updating table IOPS"),
    ],
  ])("%s", async (_, changes, expected) => {
    expect(await refusal(await target.table({ more: PROVISIONED }), changes)).toEqual(expected);
  });
});

describe("table class", () => {
  test("the reply has the old class, the description the new one", async () => {
    const name = await target.table();
    expect((await update(name, { TableClass: "STANDARD_INFREQUENT_ACCESS" }))["TableStatus"]).toBe(
      "UPDATING",
    );
    expect((await untilActive(target, name))["TableClassSummary"]).toEqual({
      TableClass: "STANDARD_INFREQUENT_ACCESS",
      LastUpdateDateTime: expect.any(Number),
    } as never);
  });
});

describe("deletion", () => {
  test("protection holds until it is lifted, at once both ways", async () => {
    const name = await target.table({ more: { DeletionProtectionEnabled: true } });
    expect(await target.refusal("DeleteTable", { TableName: name })).toEqual(
      validation(
        "Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.",
      ),
    );
    const reply = await update(name, { DeletionProtectionEnabled: false });
    expect(reply["TableStatus"]).toBe("ACTIVE");
    expect(reply["DeletionProtectionEnabled"]).toBe(false);
    await target.ok("DeleteTable", { TableName: name });
  });

  test("the reply, the state after it, and the name's freedom", async () => {
    const name = await target.table({ range: "sk:S" });
    await target.ok("PutItem", { TableName: name, Item: { pk: { S: "1" }, sk: { S: "1" } } });
    expect(await target.ok("DeleteTable", { TableName: name })).toEqual({
      TableDescription: {
        TableName: name,
        TableStatus: "DELETING",
        TableArn: expect.any(String),
        TableId: expect.any(String),
        ItemCount: expect.any(Number),
        TableSizeBytes: expect.any(Number),
        ProvisionedThroughput: { NumberOfDecreasesToday: 0, ReadCapacityUnits: 0, WriteCapacityUnits: 0 },
        DeletionProtectionEnabled: false,
      },
    } as never);
    await untilGone(target, name);
    const missing = notFound(`Requested resource not found: Table: ${name} not found`);
    expect(await target.refusal("DescribeTable", { TableName: name })).toEqual(missing);
    expect(await target.refusal("DeleteTable", { TableName: name })).toEqual(missing);
    expect(
      await target.refusal("GetItem", { TableName: name, Key: { pk: { S: "1" }, sk: { S: "1" } } }),
    ).toEqual(notFound());
  });

  test("a table created again under the name is empty", async () => {
    const name = await target.table();
    await target.ok("PutItem", { TableName: name, Item: { pk: { S: "1" } } });
    await target.ok("DeleteTable", { TableName: name });
    await untilGone(target, name);
    await target.ok("CreateTable", {
      TableName: name,
      BillingMode: "PAY_PER_REQUEST",
      AttributeDefinitions: [{ AttributeName: "pk", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "pk", KeyType: "HASH" }],
    });
    await untilActive(target, name);
    expect(await target.ok("GetItem", { TableName: name, Key: { pk: { S: "1" } } })).toEqual({});
  });

  test("twice in a row", async () => {
    const name = await target.table();
    await target.ok("DeleteTable", { TableName: name });
    const second = await target.refusal("DeleteTable", { TableName: name });
    expect([
      inUse(`Attempt to change a resource which is still in use: Table is being deleted: ${name}`),
      notFound(`Requested resource not found: Table: ${name} not found`),
    ]).toContainEqual(second);
  });
});
