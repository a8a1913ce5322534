import { Hono } from "hono";
import { CONTENT_TYPE, exposition, type Metric } from "../runtime/metrics.ts";

/** What `/_walnut/health` tells. */
export interface HealthReport {
  readonly status: "ok" | "read-only" | "failed";
  readonly version: string;
  readonly commit: string;
  readonly durability: string;
  readonly cause?: string;
  /** What else the store says of its health; absent members are not known or do not apply. */
  readonly [further: string]: unknown;
}

export interface AdminOptions {
  readonly health: () => HealthReport;
  /** Asked at every scrape; no metrics unless given. */
  readonly metrics?: () => readonly Metric[];
}

/** Walnut's own pages, below `/_walnut`. */
export function createAdmin({ health, metrics = () => [] }: AdminOptions): Hono {
  const admin = new Hono();
  admin.get("/health", (c) => {
    const report = health();
    return c.json(report, report.status === "failed" ? 503 : 200);
  });
  admin.get("/ready", (c) => {
    const { status } = health();
    return c.json({ ready: status === "ok" }, status === "ok" ? 200 : 503);
  });
  admin.get("/metrics", (c) => c.body(exposition(metrics()), 200, { "Content-Type": CONTENT_TYPE }));
  return admin;
}
