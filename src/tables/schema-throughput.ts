/** Provisioned, on-demand and warm throughput: what may be asked for, and what a change does to the books. */
import { limitExceeded, validation } from "../errors.ts";
import type { Throughput, Warmth } from "./schema.ts";
import { invalidParameters } from "./schema-keys.ts";
import type {
  BillingMode,
  OnDemandThroughput,
  ProvisionedThroughput,
  WarmThroughput,
} from "./schema-request.ts";

const CAPACITY_UNITS_MAX = 1_000_000_000_000;
/** Quota per table and per index. */
const QUOTA_UNITS_MAX = 40_000;
const FREE_DECREASES_PER_DAY = 4;
const DECREASE_INTERVAL_MS = 3_600_000;
const DAY_MS = 86_400_000;

const REFER =
  "Refer to the Amazon DynamoDB Developer Guide for current limits and how to request higher limits.";

/** What a new on-demand table or index can serve at once. */
export const ON_DEMAND_WARMTH: Warmth = { readUnitsPerSecond: 12_000, writeUnitsPerSecond: 4000 };

/** Throughput of tables and indexes on demand. */
export const NO_THROUGHPUT: Throughput = { readCapacityUnits: 0, writeCapacityUnits: 0, decreases: 0 };

const DIMENSIONS = ["ReadCapacityUnits", "WriteCapacityUnits"] as const;
const ON_DEMAND_DIMENSIONS = ["MaxReadRequestUnits", "MaxWriteRequestUnits"] as const;
const WARM_DIMENSIONS = ["ReadUnitsPerSecond", "WriteUnitsPerSecond"] as const;

/** Refuses more than the service can count. `indexName` undefined: the table's own. Throws `ApiError`. */
export function checkBounds(requested: ProvisionedThroughput | undefined, indexName?: string): void {
  if (requested === undefined) return;
  for (const dimension of DIMENSIONS) {
    const units = requested[dimension];
    if (units <= CAPACITY_UNITS_MAX) continue;
    const where = indexName === undefined ? "" : ` for index ${indexName}`;
    throw validation(`Given value ${units} for ${dimension} is out of bounds${where}`);
  }
}

/** Refuses more than the quota of one table or index. Throws `ApiError`. */
export function checkQuota(
  requested: ProvisionedThroughput | undefined,
  region: string,
  indexName?: string,
): void {
  if (requested === undefined) return;
  const what = indexName === undefined ? "table" : "index";
  const subject = indexName === undefined ? "" : ` for index ${indexName}`;
  for (const dimension of DIMENSIONS) {
    const units = requested[dimension];
    if (units <= QUOTA_UNITS_MAX) continue;
    throw limitExceeded(
      `The requested ${dimension}${subject}, ${units}, is above the per ${what} maximum for the account in ${region}. ` +
        `Per ${what} maximum: ${QUOTA_UNITS_MAX}. ${REFER}`,
    );
  }
}

/** The books of a new table or index. */
export const newThroughput = (requested: ProvisionedThroughput | undefined): Throughput =>
  requested === undefined
    ? NO_THROUGHPUT
    : {
        readCapacityUnits: requested.ReadCapacityUnits,
        writeCapacityUnits: requested.WriteCapacityUnits,
        decreases: 0,
      };

/** Decreases on the UTC day of `now` (milliseconds). */
export const decreasesToday = (throughput: Throughput, now: number): number =>
  throughput.lastDecreaseMs !== undefined && dayOf(throughput.lastDecreaseMs) === dayOf(now)
    ? throughput.decreases
    : 0;

const dayOf = (ms: number): number => Math.floor(ms / DAY_MS);

/**
 * The books after a change between provisioned capacities at `now`. A change counts by dimension: it may be an increase and a
 * decrease at once. Throws `ApiError` when nothing changes or the day's decreases are used up.
 */
export function changeThroughput(
  current: Throughput,
  requested: ProvisionedThroughput,
  now: number,
  indexName?: string,
): Throughput {
  const reads = requested.ReadCapacityUnits - current.readCapacityUnits;
  const writes = requested.WriteCapacityUnits - current.writeCapacityUnits;
  if (reads === 0 && writes === 0) throw unchanged(current, indexName);
  const decreased = reads < 0 || writes < 0;
  const before = decreasesToday(current, now);
  if (decreased) checkDecreases(current, before, now);
  return {
    ...current,
    readCapacityUnits: requested.ReadCapacityUnits,
    writeCapacityUnits: requested.WriteCapacityUnits,
    ...(reads > 0 || writes > 0 ? { lastIncreaseMs: now } : {}),
    ...(decreased ? { lastDecreaseMs: now, decreases: before + 1 } : {}),
  };
}

function unchanged(current: Throughput, indexName: string | undefined) {
  const subject = indexName === undefined ? "the table" : `the index ${indexName}`;
  const { readCapacityUnits: reads, writeCapacityUnits: writes } = current;
  return validation(
    `The provisioned throughput for ${subject} will not change. The requested value equals the current value. ` +
      `Current ReadCapacityUnits provisioned for ${subject}: ${reads}. Requested ReadCapacityUnits: ${reads}. ` +
      `Current WriteCapacityUnits provisioned for ${subject}: ${writes}. Requested WriteCapacityUnits: ${writes}. ${REFER}`,
  );
}

function checkDecreases(current: Throughput, today: number, now: number): void {
  const last = current.lastDecreaseMs;
  if (last === undefined || today < FREE_DECREASES_PER_DAY || now - last >= DECREASE_INTERVAL_MS) return;
  throw limitExceeded(
    "Subscriber limit exceeded: Provisioned throughput decreases are limited within a given UTC day. " +
      `After the first ${FREE_DECREASES_PER_DAY} decreases, each subsequent decrease in the same UTC day can be performed ` +
      `at most once every ${DECREASE_INTERVAL_MS / 1000} seconds. Number of decreases today: ${today}. ` +
      `Last decrease at ${longTime(last)}. Next decrease can be made at ${longTime(last + DECREASE_INTERVAL_MS)}`,
  );
}

/** For example "Wednesday, July 25, 2018 8:00:00 AM UTC". */
function longTime(ms: number): string {
  const format = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat("en-US", { ...options, timeZone: "UTC" }).format(ms);
  const date = format({ weekday: "long", year: "numeric", month: "long", day: "numeric" });
  const time = format({ hour: "numeric", minute: "2-digit", second: "2-digit" }).replace("\u202f", " ");
  return `${date} ${time} UTC`;
}

/** A request without any member asks for nothing. */
export const present = <T extends OnDemandThroughput | WarmThroughput>(
  requested: T | undefined,
): T | undefined => (requested !== undefined && Object.keys(requested).length > 0 ? requested : undefined);

/** The first member of an on-demand request that is outside its range. −1, in updates only, removes a maximum. Throws `ApiError`. */
export function checkOnDemandRange(
  requested: OnDemandThroughput | undefined,
  removable: boolean,
  indexName?: string,
): void {
  const outside = requested === undefined ? undefined : firstOutOfRange(requested, removable);
  if (outside === undefined) return;
  const where = indexName === undefined ? "for table" : `for index : ${indexName}`;
  throw invalidParameters(`Requested ${outside} for OnDemandThroughput ${where} is outside of valid range`);
}

/** The first member of an on-demand request that is outside its range. `removable`: −1 is inside. */
export const firstOutOfRange = (requested: OnDemandThroughput, removable: boolean): string | undefined =>
  ON_DEMAND_DIMENSIONS.find((dimension) => {
    const units = requested[dimension];
    return units !== undefined && units < 1 && !(units === -1 && removable);
  });

/** The first member of an on-demand request, reads first; what it is refused for when the table is provisioned. */
export const firstOnDemandMember = (requested: OnDemandThroughput): string =>
  requested.MaxReadRequestUnits === undefined ? "MaxWriteRequestUnits" : "MaxReadRequestUnits";

/** Maxima merged member by member; those that are −1 are gone, and so is an empty result. */
export function mergeOnDemand(
  current: OnDemandThroughput | undefined,
  requested: OnDemandThroughput,
): OnDemandThroughput | undefined {
  const merged = Object.entries({ ...current, ...requested }).filter(([, units]) => units !== -1);
  return merged.length === 0 ? undefined : Object.fromEntries(merged);
}

/** The warmth that comes with a billing mode and capacity by itself. */
export const initialWarmth = (billingMode: BillingMode, throughput: Throughput): Warmth =>
  billingMode === "PAY_PER_REQUEST"
    ? ON_DEMAND_WARMTH
    : {
        readUnitsPerSecond: throughput.readCapacityUnits,
        writeUnitsPerSecond: throughput.writeCapacityUnits,
      };

/** The larger of each dimension: warmth never falls. */
export const warmest = (a: Warmth, b: Warmth): Warmth => ({
  readUnitsPerSecond: Math.max(a.readUnitsPerSecond, b.readUnitsPerSecond),
  writeUnitsPerSecond: Math.max(a.writeUnitsPerSecond, b.writeUnitsPerSecond),
});

/**
 * The warmth of a table or index of which `requested` is asked. It may not be less than `current`; `floorOf` says, for a
 * dimension, what that floor is called. Throws `ApiError`.
 */
export function raiseWarmth(
  current: Warmth,
  requested: WarmThroughput | undefined,
  floorOf: (dimension: "Read" | "Write") => string,
  indexName?: string,
): Warmth {
  for (const dimension of WARM_DIMENSIONS) {
    const isRead = dimension === "ReadUnitsPerSecond";
    const floor = isRead ? current.readUnitsPerSecond : current.writeUnitsPerSecond;
    if ((requested?.[dimension] ?? floor) >= floor) continue;
    const where = indexName === undefined ? "for table" : `for index ${indexName}`;
    throw invalidParameters(
      `Requested ${dimension} for WarmThroughput ${where} is lower than ${floorOf(isRead ? "Read" : "Write")}`,
    );
  }
  return {
    readUnitsPerSecond: requested?.ReadUnitsPerSecond ?? current.readUnitsPerSecond,
    writeUnitsPerSecond: requested?.WriteUnitsPerSecond ?? current.writeUnitsPerSecond,
  };
}

/** What a new table's or index's warmth must not be lower than. */
export const initialFloor =
  (billingMode: BillingMode) =>
  (dimension: "Read" | "Write"): string =>
    billingMode === "PAY_PER_REQUEST"
      ? "initial throughput for OnDemand"
      : `${dimension}CapacityUnits of ProvisionedThroughput`;

/** What an existing one's must not be lower than. */
export const currentFloor = (): string =>
  "current WarmThroughput, decreasing WarmThroughput is not supported";
