import type { InsightsRecord } from "../tables/schema.ts";
import type { Context } from "./operation.ts";

export type InsightsStatus = "ENABLING" | "ENABLED" | "DISABLING" | "DISABLED";

/** How far Contributor Insights has come, as clients see it now. */
export function insightsStatus(insights: InsightsRecord | undefined, { catalog }: Context): InsightsStatus {
  if (insights === undefined) return "DISABLED";
  if (catalog.isUnderWay(insights.changeMs)) return insights.enabled ? "ENABLING" : "DISABLING";
  return insights.enabled ? "ENABLED" : "DISABLED";
}
