import { type Context, Hono } from "hono";
import { giveBackBody } from "../runtime/body-buffers.ts";
import { type AdminOptions, createAdmin } from "./admin.ts";
import { respond, type WireResponse } from "./respond.ts";
import type { Wire } from "./wire.ts";

export interface AppOptions extends AdminOptions {
  readonly wire: Wire;
  /** The protocol is to have the bodies of requests byte by byte as they came, not as text. Absent: false. */
  readonly exactBodies?: boolean;
}

const EXPOSED = "x-amzn-RequestId,x-amzn-ErrorType,x-amzn-ErrorMessage,Date";

export type Fetch = (request: Request) => Response | Promise<Response>;

/** The length of "http://" and "https://", at least: where to look for the slash that begins the path. */
const SCHEME_LENGTH_MIN = 7;

/**
 * The DynamoDB protocol on `POST /` is answered before any router sees it (docs/decisions/0007): a router is worth its price for
 * the service's health text on `GET /` and Walnut's own pages under `/_walnut/`, which Hono routes.
 */
export function createFetch({ wire, exactBodies = false, ...admin }: AppOptions): Fetch {
  const pages = createPages(admin);
  return (request) => {
    const { url } = request;
    const path = url.indexOf("/", SCHEME_LENGTH_MIN + 1);
    const isRoot = path === url.length - 1 || url[path + 1] === "?";
    return isRoot && request.method === "POST"
      ? post(request, url.slice(path + 2), wire, exactBodies)
      : pages.fetch(request);
  };
}

/** Answers a request of the protocol; the body is read as text, or as bytes if it is encoded or to be `exact`. `query` is without the "?". */
async function post(request: Request, query: string, wire: Wire, exact: boolean): Promise<Response> {
  const { headers } = request;
  let body: string | Buffer;
  try {
    const isText = !exact && headers.get("content-encoding") === null;
    body = isText ? await request.text() : Buffer.from(await request.arrayBuffer());
  } catch {
    // The client left in the middle of it, and nobody waits for an answer.
    return new Response(null, { status: 400 });
  }
  const answer = await wire({ headers, query, body });
  if (headers.get("origin") !== null) allowOrigin(answer.headers);
  return toResponse(answer);
}

function createPages(admin: AdminOptions): Hono {
  const app = new Hono();
  app.get("/", (c) =>
    toResponse(respond(200, `healthy: ${c.req.header("host") ?? "localhost"} `, "text/plain")),
  );
  app.route("/_walnut", createAdmin(admin));
  app.options("*", preflight);
  app.all("*", (c) => {
    const answer = respond(404, "<UnknownOperationException/>\n", "text/plain");
    if (c.req.header("origin") !== undefined) allowOrigin(answer.headers);
    return toResponse(answer);
  });
  return app;
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
