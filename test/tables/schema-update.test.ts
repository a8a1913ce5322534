import { describe, expect, test } from "bun:test";
import type { TableRecord } from "../../src/tables/schema.ts";
import type { UpdateTableRequest } from "../../src/tables/schema-request.ts";
import {
  create,
  day,
  gsi,
  hashTable,
  hour,
  invalid,
  now,
  plain,
  provisioned,
  units,
  update,
  updateRefusal,
} from "./schema-fixtures.ts";

type Request = Omit<UpdateTableRequest, "TableName">;
type Row = [name: string, request: Request, refusal: string];

const onDemand = create(hashTable);
const withThroughput = create(provisioned(hashTable));
const withIndex = { ...hashTable, GlobalSecondaryIndexes: [gsi("gsi", "pk:HASH")] };
const onDemandIndexed = create(withIndex);
const provisionedIndexed = create(provisioned(withIndex));
const limitExceeded = (message: string) => `LimitExceededException: ${message}`;

describe("what needs no table", () => {
  const nothing = (left: string) =>
    plain(
      `At least one of ProvisionedThroughput, BillingMode, UpdateStreamEnabled, ${left}` +
        "DeletionProtectionEnabled, OnDemandThroughput, WarmThroughput or TableClass is required",
    );
  const middle =
    "SSESpecification, ReplicaUpdates, MultiAccountReplicaReady, ReplicaTransitRoleArn, MultiRegionConsistency, ";
  const deletion = { DeletionProtectionEnabled: true };
  const stream = { StreamSpecification: { StreamEnabled: true, StreamViewType: "KEYS_ONLY" as const } };
  const create = { GlobalSecondaryIndexUpdates: [{ Create: gsi("new", "pk:HASH") }] };
  const remove = { GlobalSecondaryIndexUpdates: [{ Delete: { IndexName: "gsi" } }] };
  const change = { IndexName: "gsi", ProvisionedThroughput: units(1, 1) };
  const sse = { SSESpecification: { Enabled: true } };
  const throughput = { ProvisionedThroughput: units(1, 1) };
  const warm = { WarmThroughput: { ReadUnitsPerSecond: 20_000 } };
  const rows: Row[] = [
    ["nothing", {}, nothing(`GlobalSecondaryIndexUpdates, ${middle}`)],
    ["definitions only", { AttributeDefinitions: [] }, nothing(`GlobalSecondaryIndexUpdates, ${middle}`)],
    ["an empty list only", { GlobalSecondaryIndexUpdates: [] }, nothing(middle)],
    [
      "a member that does not count",
      { MultiRegionConsistency: "EVENTUAL" },
      nothing(`GlobalSecondaryIndexUpdates, ${middle.replace("MultiRegionConsistency, ", "")}`),
    ],
    [
      "encryption and others",
      { ...sse, TableClass: "STANDARD", ...deletion },
      invalid("Server-Side Encryption modification must be the only operation in the request"),
    ],
    [
      "class and others",
      { TableClass: "STANDARD", ...deletion },
      invalid("TableClass modification must be the only operation in the request"),
    ],
    [
      "protection and others",
      { ...deletion, ...throughput },
      invalid("DeletionProtection modification must be the only operation in the request"),
    ],
    [
      "warmth and others",
      { ...warm, BillingMode: "PAY_PER_REQUEST" },
      invalid("WarmThroughput must be the only operation in the request"),
    ],
    [
      "warmth and a new index",
      { ...warm, ...create },
      invalid("Create global secondary index cannot be specified when updating WarmThroughput"),
    ],
    [
      "replicas and others",
      { ReplicaUpdates: [{}], ...throughput },
      invalid("Replica modification must be the only operation in the request"),
    ],
    [
      "on-demand maxima and others",
      { OnDemandThroughput: { MaxReadRequestUnits: 1 }, BillingMode: "PAY_PER_REQUEST", ...stream },
      invalid("OnDemandThroughput can only be combined with BillingMode in an UpdateTable request"),
    ],
    [
      "stream and throughput",
      { ...stream, ...throughput },
      invalid("You cannot modify stream status while updating table IOPS"),
    ],
    [
      "new index and throughput",
      { ...create, ...throughput },
      invalid("You cannot create or delete index while updating table IOPS"),
    ],
    [
      "index to delete and stream",
      { ...remove, ...stream },
      invalid("You cannot create or delete index while changing stream status"),
    ],
    [
      "class",
      { TableClass: "GOLD" },
      plain(
        "Invalid table-class parameter provided. Please try again with a valid table-class value: " +
          "[STANDARD, STANDARD_INFREQUENT_ACCESS].",
      ),
    ],
    [
      "PROVISIONED without throughput",
      { BillingMode: "PROVISIONED" },
      invalid("ProvisionedThroughput must be specified when BillingMode is PROVISIONED"),
    ],
    [
      "PAY_PER_REQUEST with throughput",
      { BillingMode: "PAY_PER_REQUEST", ...throughput },
      invalid("ProvisionedThroughput cannot be specified when BillingMode is PAY_PER_REQUEST"),
    ],
    [
      "huge throughput",
      { ProvisionedThroughput: units(1, 1_000_000_000_001) },
      plain("Given value 1000000000001 for WriteCapacityUnits is out of bounds"),
    ],
    ...[0, -2].map(
      (max): Row => [
        `on-demand maximum ${max}`,
        { OnDemandThroughput: { MaxReadRequestUnits: max } },
        invalid("Requested MaxReadRequestUnits for OnDemandThroughput for table is outside of valid range"),
      ],
    ),
    [
      "stream to enable without view type",
      { StreamSpecification: { StreamEnabled: true } },
      invalid("If stream is being enabled then UpdateViewType is required"),
    ],
    [
      "stream to disable with view type",
      { StreamSpecification: { StreamEnabled: false, StreamViewType: "KEYS_ONLY" } },
      invalid("If stream is being disabled, then UpdateViewType must not be specified"),
    ],
    [
      "no index change where others are",
      { GlobalSecondaryIndexUpdates: [], ...throughput },
      invalid("List of GlobalSecondaryIndexUpdates is empty"),
    ],
    [
      "an entry without action",
      { GlobalSecondaryIndexUpdates: [{}] },
      invalid(
        "One of GlobalSecondaryIndexUpdate.Update, GlobalSecondaryIndexUpdate.Create, " +
          "GlobalSecondaryIndexUpdate.Delete must not be null",
      ),
    ],
    [
      "an entry with two actions",
      { GlobalSecondaryIndexUpdates: [{ Update: change, Delete: { IndexName: "gsi" } }] },
      invalid("Only one global secondary index action is allowed per GlobalSecondaryIndexUpdate object"),
    ],
    [
      "one index twice",
      { GlobalSecondaryIndexUpdates: [{ Update: change }, { Delete: { IndexName: "gsi" } }] },
      invalid("Only one global secondary index update per index is allowed simultaneously. Index: gsi"),
    ],
    [
      "empty warmth of an index",
      { GlobalSecondaryIndexUpdates: [{ Update: { IndexName: "gsi", WarmThroughput: {} } }] },
      invalid(
        "WarmThroughput must have at least one of ReadUnitsPerSecond or WriteUnitsPerSecond specified for index: gsi",
      ),
    ],
    [
      "on-demand maximum of an index",
      {
        GlobalSecondaryIndexUpdates: [
          { Update: { IndexName: "gsi", OnDemandThroughput: { MaxWriteRequestUnits: 0 } } },
        ],
      },
      invalid(
        "Requested MaxWriteRequestUnits for OnDemandThroughput for index : gsi is outside of valid range",
      ),
    ],
    [
      "replicas",
      { ReplicaUpdates: [{}] },
      plain("ReplicaUpdates is not supported: this server has one region"),
    ],
  ];
  test.each(rows)("%s", (_name, request, expected) => {
    expect(updateRefusal(onDemand, request)).toBe(expected);
  });

  test.each<[string, TableRecord, Request]>([
    [
      "billing mode, throughput, and that of an index",
      onDemandIndexed,
      { BillingMode: "PROVISIONED", ...throughput, GlobalSecondaryIndexUpdates: [{ Update: change }] },
    ],
    ["billing mode and stream", withThroughput, { BillingMode: "PAY_PER_REQUEST", ...stream }],
    [
      "billing mode and on-demand maxima",
      withThroughput,
      { BillingMode: "PAY_PER_REQUEST", OnDemandThroughput: { MaxReadRequestUnits: 5 } },
    ],
    [
      "new index and billing mode",
      withThroughput,
      { BillingMode: "PAY_PER_REQUEST", ...create, AttributeDefinitions: hashTable.AttributeDefinitions },
    ],
    [
      "empty on-demand structure beside another change",
      withThroughput,
      { BillingMode: "PAY_PER_REQUEST", OnDemandThroughput: {} },
    ],
  ])("%s: accepted", (_name, record, request) => {
    expect(updateRefusal(record, request)).toBe("none");
  });
});

describe("throughput and billing", () => {
  test("throughput of an on-demand table", () => {
    expect(updateRefusal(onDemand, { ProvisionedThroughput: units(1, 1) })).toBe(
      invalid(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
      ),
    );
  });

  test("unchanged throughput, of the table and of an index", () => {
    const text = (subject: string) =>
      `The provisioned throughput for ${subject} will not change. The requested value equals the current value. ` +
      `Current ReadCapacityUnits provisioned for ${subject}: 10. Requested ReadCapacityUnits: 10. ` +
      `Current WriteCapacityUnits provisioned for ${subject}: 10. Requested WriteCapacityUnits: 10. ` +
      "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.";
    expect(updateRefusal(withThroughput, { ProvisionedThroughput: units(10, 10) })).toBe(
      plain(text("the table")),
    );
    expect(
      updateRefusal(provisionedIndexed, {
        GlobalSecondaryIndexUpdates: [{ Update: { IndexName: "gsi", ProvisionedThroughput: units(10, 10) } }],
      }),
    ).toBe(plain(text("the index gsi")));
  });

  test("above the quota", () => {
    expect(updateRefusal(withThroughput, { ProvisionedThroughput: units(40_001, 1) })).toStartWith(
      limitExceeded("The requested ReadCapacityUnits, 40001, is above the per table maximum"),
    );
  });

  test("the answer shows the old values, the books the new ones", () => {
    const { record, response } = update(withThroughput, { ProvisionedThroughput: units(20, 5) });
    expect(response).toEqual({ ...withThroughput, tableStatus: "UPDATING" });
    expect(record.tableStatus).toBe("ACTIVE");
    expect(record.throughput).toEqual({
      readCapacityUnits: 20,
      writeCapacityUnits: 5,
      lastIncreaseMs: now,
      lastDecreaseMs: now,
      decreases: 1,
    });
    expect(record.warm).toEqual({ readUnitsPerSecond: 20, writeUnitsPerSecond: 10 });
  });

  test("four decreases a day, then one an hour; a new day starts afresh", () => {
    let record = create(provisioned(hashTable, 100, 100));
    const decrease = (ms: number) => {
      const { readCapacityUnits } = record.throughput;
      record = update(record, { ProvisionedThroughput: units(readCapacityUnits - 1, 100) }, ms).record;
    };
    const midnight = now - (now % day);
    for (let at = 0; at < 4; at++) decrease(midnight + at);
    const early = { ProvisionedThroughput: units(1, 100) };
    expect(updateRefusal(record, early, midnight + hour)).toBe(
      limitExceeded(
        "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. " +
          "After the first 4 decreases, each subsequent decrease in the same UTC day can be performed at most once every " +
          "3600 seconds. Number of decreases today: 4. Last decrease at Sunday, November 22, 2026 12:00:00 AM UTC. " +
          "Next decrease can be made at Sunday, November 22, 2026 1:00:00 AM UTC",
      ),
    );
    expect(updateRefusal(record, { ProvisionedThroughput: units(200, 200) }, midnight + hour)).toBe("none");
    decrease(midnight + hour + 3);
    expect(record.throughput.decreases).toBe(5);
    expect(updateRefusal(record, early, midnight + day - hour)).toBe("none");
    expect(updateRefusal(record, early, midnight + hour + 4)).not.toBe("none");
    decrease(midnight + day);
    expect(record.throughput.decreases).toBe(1);
  });

  test("to on-demand: capacities go, warmth and maxima come", () => {
    const { record, response } = update(provisionedIndexed, { BillingMode: "PAY_PER_REQUEST" });
    expect(response).toEqual({ ...provisionedIndexed, tableStatus: "UPDATING" });
    expect(record).toMatchObject({
      billingMode: "PAY_PER_REQUEST",
      payPerRequestMs: now,
      throughput: { readCapacityUnits: 0, writeCapacityUnits: 0 },
      warm: { readUnitsPerSecond: 12_000, writeUnitsPerSecond: 4000 },
    });
    expect(record.globalSecondaryIndexes[0]?.throughput.readCapacityUnits).toBe(0);
  });

  test("to on-demand again: nothing happens", () => {
    const { record, response } = update(onDemand, { BillingMode: "PAY_PER_REQUEST" }, now + 5);
    expect(record).toBe(onDemand);
    expect(response.tableStatus).toBe("UPDATING");
  });

  test("to provisioned: every index needs its throughput", () => {
    const two = create({
      ...hashTable,
      GlobalSecondaryIndexes: [gsi("gsi", "pk:HASH"), gsi("two", "pk:HASH")],
    });
    const request = { BillingMode: "PROVISIONED", ProvisionedThroughput: units(5, 5) } as const;
    expect(updateRefusal(two, request)).toBe(
      invalid("ProvisionedThroughput must be specified for index: gsi,two"),
    );
    const { record } = update(onDemandIndexed, {
      ...request,
      GlobalSecondaryIndexUpdates: [{ Update: { IndexName: "gsi", ProvisionedThroughput: units(7, 7) } }],
    });
    expect(record).toMatchObject({
      billingMode: "PROVISIONED",
      payPerRequestMs: now,
      throughput: { readCapacityUnits: 5, writeCapacityUnits: 5, decreases: 0 },
    });
    expect(record.globalSecondaryIndexes[0]?.throughput.readCapacityUnits).toBe(7);
  });

  test("on-demand maxima: merged, removed by -1, refused when provisioned, dropped with the mode", () => {
    const first = update(onDemand, { OnDemandThroughput: { MaxReadRequestUnits: 5 } });
    expect(first.response.tableStatus).toBe("ACTIVE");
    const second = update(first.record, { OnDemandThroughput: { MaxWriteRequestUnits: 6 } });
    expect(second.record.onDemand).toEqual({ MaxReadRequestUnits: 5, MaxWriteRequestUnits: 6 });
    const third = update(second.record, { OnDemandThroughput: { MaxReadRequestUnits: -1 } });
    expect(third.record.onDemand).toEqual({ MaxWriteRequestUnits: 6 });
    expect(third.response.onDemand).toEqual({ MaxReadRequestUnits: -1, MaxWriteRequestUnits: 6 });
    const fourth = update(third.record, { OnDemandThroughput: { MaxWriteRequestUnits: -1 } });
    expect(fourth.record.onDemand).toBeUndefined();
    expect(updateRefusal(withThroughput, { OnDemandThroughput: { MaxWriteRequestUnits: 6 } })).toBe(
      invalid(
        "MaxWriteRequestUnits for OnDemandThroughput cannot be specified when the table BillingMode is PROVISIONED",
      ),
    );
    const back = { BillingMode: "PROVISIONED", ProvisionedThroughput: units(5, 5) } as const;
    expect(update(second.record, back).record.onDemand).toBeUndefined();
  });

  test("warmth rises, and only rises", () => {
    expect(updateRefusal(onDemand, { WarmThroughput: { ReadUnitsPerSecond: 11_000 } })).toBe(
      invalid(
        "Requested ReadUnitsPerSecond for WarmThroughput for table is lower than current WarmThroughput, " +
          "decreasing WarmThroughput is not supported",
      ),
    );
    const equal = update(onDemand, { WarmThroughput: { ReadUnitsPerSecond: 12_000 } });
    expect(equal.warmthUpdating).toBe(false);
    const raised = update(onDemand, { WarmThroughput: { ReadUnitsPerSecond: 13_000 } });
    expect(raised.warmthUpdating).toBe(true);
    expect(raised.response.tableStatus).toBe("ACTIVE");
    expect(raised.record.warm).toEqual({ readUnitsPerSecond: 13_000, writeUnitsPerSecond: 4000 });
  });
});

describe("streams", () => {
  const enable: Request = { StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_IMAGE" } };
  const disable: Request = { StreamSpecification: { StreamEnabled: false } };

  test("enable, disable, enable: each stream is a new one", () => {
    expect(updateRefusal(onDemand, disable)).toBe(plain("Table has no stream to disable: TableName: Table"));
    const enabled = update(onDemand, enable);
    expect(enabled.response).toMatchObject({ tableStatus: "UPDATING", stream: { viewType: "NEW_IMAGE" } });
    expect(updateRefusal(enabled.record, enable)).toBe(
      plain("Table already has an enabled stream: TableName: Table"),
    );
    const disabled = update(enabled.record, disable);
    expect(disabled.record.stream).toBeUndefined();
    expect(disabled.response.stream).toBeUndefined();
    expect(disabled.record.latestStreamLabel).toBe("2026-11-22T12:00:00.123");
    const again = update(disabled.record, enable);
    expect(again.record.latestStreamLabel).toBe("2026-11-22T12:00:00.124");
    expect(again.record.stream?.feedId).not.toBe(enabled.record.stream?.feedId);
  });
});

describe("settings", () => {
  test("deletion protection is synchronous and may be repeated", () => {
    const { record, response } = update(onDemand, { DeletionProtectionEnabled: true });
    expect(record.deletionProtection).toBe(true);
    expect(response).toEqual(record);
    expect(updateRefusal(record, { DeletionProtectionEnabled: true })).toBe("none");
  });

  test("class: the answer shows the old one; two changes in 30 days", () => {
    const same = update(onDemand, { TableClass: "STANDARD" });
    expect(same.record).toBe(onDemand);
    const cold = update(onDemand, { TableClass: "STANDARD_INFREQUENT_ACCESS" });
    expect(cold.response).toEqual({ ...onDemand, tableStatus: "UPDATING" });
    expect(cold.record.tableClass).toEqual({ value: "STANDARD_INFREQUENT_ACCESS", changesMs: [now] });
    const warm = update(cold.record, { TableClass: "STANDARD" }, now + day);
    const third = { TableClass: "STANDARD_INFREQUENT_ACCESS" };
    expect(updateRefusal(warm.record, third, now + 30 * day - 1)).toBe(
      limitExceeded("Subscriber limit exceeded: Updates to TableClass are limited to 2 times in 30 day(s)."),
    );
    expect(updateRefusal(warm.record, third, now + 30 * day)).toBe("none");
  });

  test("encryption", () => {
    const byDefault = invalid("Table is already encrypted by default");
    expect(updateRefusal(onDemand, { SSESpecification: {} })).toBe(byDefault);
    expect(updateRefusal(onDemand, { SSESpecification: { Enabled: false } })).toBe(byDefault);
    const on = update(onDemand, { SSESpecification: { Enabled: true } });
    expect(on.response.tableStatus).toBe("ACTIVE");
    expect(on.encryptionUpdating).toBe(true);
    const key = on.record.sse?.kmsMasterKeyArn ?? "";
    expect(updateRefusal(on.record, { SSESpecification: { SSEType: "KMS", KMSMasterKeyId: key } })).toBe(
      invalid(
        "Table is already encrypted with given KMSMasterKeyId. Use KMSMasterKeyId parameter if you want to change Master Key",
      ),
    );
    expect(updateRefusal(on.record, { SSESpecification: { Enabled: true } })).toBe("none");
    const off = update(on.record, { SSESpecification: { Enabled: false } });
    expect(off.record.sse).toBeUndefined();
  });
});
