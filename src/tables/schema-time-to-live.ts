/** The time-to-live setting of a table: what may be asked for, and what becomes of it. */
import { validation } from "../errors.ts";
import type { TableRecord } from "./schema.ts";
import type { PlanContext } from "./schema-request.ts";

/** The setting is changed at most once in this time. */
const INTERVAL_MS = 3_600_000;

export interface TimeToLiveSpecification {
  readonly Enabled: boolean;
  readonly AttributeName: string;
}

/** The record with the setting that is asked for. Throws `ApiError`. */
export function planTimeToLive(
  record: TableRecord,
  { Enabled: enable, AttributeName: attributeName }: TimeToLiveSpecification,
  { now, newId }: Pick<PlanContext, "now" | "newId">,
): TableRecord {
  const { timeToLive: current, timeToLiveChangeMs: changeMs, ...others } = record;
  if (current !== undefined && current.attributeName !== attributeName) {
    throw validation(
      `TimeToLive is active on a different AttributeName: current AttributeName is ${current.attributeName}`,
    );
  }
  if (enable && current !== undefined) throw validation("TimeToLive is already enabled");
  if (!enable && current === undefined) throw validation("TimeToLive is already disabled");
  if (changeMs !== undefined && now - changeMs < INTERVAL_MS) {
    throw validation("Time to live has been modified multiple times within a fixed interval");
  }
  const changed = { ...others, timeToLiveChangeMs: now };
  return enable ? { ...changed, timeToLive: { attributeName, spaceId: newId(), filling: true } } : changed;
}
