import { type Context, Hono } from "hono";
import { giveBackBody } from "../runtime/body-buffers.ts";
import type { WireResponse } from "./respond.ts";
import { respond } from "./respond.ts";
import type { Wire } from "./wire.ts";

/** What `/_walnut/health` tells. */
export interface HealthReport {
  readonly status: "ok" | "read-only" | "failed";
  readonly version: string;
  readonly commit: string;
  readonly durability: string;
  readonly cause?: string;
}

export interface AppOptions {
  readonly wire: Wire;
  readonly health: () => HealthReport;
}

const EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";

/**
 * Routes: the DynamoDB protocol on `POST /`, with as little around it as possible (no middleware: each that touches a response costs
 * 4-9 % of the server's capacity), the service's health text on `GET /`, Walnut's own pages under `/_walnut/`.
 */
export function createApp({ wire, health }: AppOptions): Hono {
  const app = new Hono();
  app.post("/", async (c) => {
    const request = c.req.raw;
    const origin = request.headers.get("origin");
    const url = request.url;
    const question = url.indexOf("?");
    const body = await bodyOf(request);
    if (body === undefined) return new Response(null, { status: 400 });
    const query = question < 0 ? "" : url.slice(question + 1);
    const answer = await wire({ headers: request.headers, query, body });
    if (origin !== null) allowOrigin(answer.headers);
    return toResponse(answer);
  });
  app.get("/", (c) =>
    toResponse(respond(200, `healthy: ${c.req.header("host") ?? "localhost"} `, "text/plain")),
  );
  app.get("/_walnut/health", (c) => {
    const report = health();
    return c.json(report, report.status === "failed" ? 503 : 200);
  });
  app.get("/_walnut/ready", (c) => {
    const { status } = health();
    return c.json({ ready: status === "ok" }, status === "ok" ? 200 : 503);
  });
  app.options("*", preflight);
  app.all("*", (c) => {
    const answer = respond(404, "<UnknownOperationException/>\n", "text/plain");
    if (c.req.header("origin") !== undefined) allowOrigin(answer.headers);
    return toResponse(answer);
  });
  return app;
}

/** The body's bytes; undefined when the client left in the middle of it, and nobody waits for an answer. */
async function bodyOf(request: Request): Promise<Buffer | undefined> {
  try {
    return Buffer.from(await request.arrayBuffer());
  } catch {
    return undefined;
  }
}

function toResponse({ body, status, headers }: WireResponse): Response {
  const response = new Response(body, { status, headers });
  // The Response has a copy.
  if (typeof body !== "string") giveBackBody(body);
  return response;
}

function allowOrigin(headers: Record<string, string>): void {
  headers["Access-Control-Allow-Origin"] = "*";
  headers["Access-Control-Expose-Headers"] = EXPOSED;
}

function preflight(c: Context): Response {
  if (c.req.header("origin") === undefined) {
    return toResponse(respond(404, "<UnknownOperationException/>\n", "text/plain"));
  }
  const answer = respond(200, "", "text/plain");
  allowOrigin(answer.headers);
  answer.headers["Access-Control-Max-Age"] = "172800";
  const headers = c.req.header("access-control-request-headers");
  const method = c.req.header("access-control-request-method");
  if (headers !== undefined) answer.headers["Access-Control-Allow-Headers"] = headers;
  if (method !== undefined) answer.headers["Access-Control-Allow-Methods"] = method;
  return toResponse(answer);
}
