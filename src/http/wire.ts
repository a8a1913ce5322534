import { internalServerError, serialization, validation } from "../errors.ts";
import { operationOf } from "../operations/dispatch.ts";
import type { RequestHeaders, Services } from "../operations/operation.ts";
import { NESTING_MAX, scanDepth } from "../protocol/scan-depth.ts";
import type { Log } from "../runtime/log.ts";
import { authenticate } from "./auth.ts";
import { inflate } from "./inflate.ts";
import { JSON_1_0, respond, respondError, type WireResponse } from "./respond.ts";

/** The service's limit on a request body, after decompression. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Bodies below this size cannot nest deeply enough to hurt JSON.parse, which is iterative but slow on brackets; the decoder's own recursion
 * is bounded anyway. Larger ones are scanned first.
 */
const SCAN_BYTES_MIN = 16 * 1024;

/** A POST as the network front hands it over; any front (Hono today) can. `query` is without the "?". */
export interface WireRequest {
  readonly headers: RequestHeaders;
  readonly query: string;
  readonly body: Buffer;
}

/** The whole DynamoDB protocol as one function. Never rejects. */
export type Wire = (request: WireRequest) => Promise<WireResponse>;

class BodyTooLarge extends Error {}

/** Binds the protocol to the services behind it. Order of checks: wire protocol document, "Order of checks (POST)". */
export function createWire(services: Services, defaultRegion: string, log: Log): Wire {
  const { catalog, inFlight, tokens, clock, accountId } = services;
  return async (request) => {
    let contentType = JSON_1_0;
    try {
      const body = inflated(request);
      const base = baseType(request.headers.get("content-type"));
      if (base !== undefined) contentType = base;
      else if (body.length > 0) return respond(404, "<UnknownOperationException/>\n", "text/plain");
      const input = body.length === 0 ? undefined : parseBody(body);
      const run = operationOf(request.headers.get("x-amz-target") ?? "");
      const caller = authenticate(request.headers, request.query);
      if (input === undefined) throw serialization();
      const region = caller.region === "" ? defaultRegion : caller.region;
      const context = { catalog, inFlight, tokens, clock, accountId, region, headers: request.headers };
      return respond(200, await run(input, context), contentType);
    } catch (error) {
      if (error instanceof BodyTooLarge) return { status: 413, headers: {}, body: "" };
      return respondError(error, contentType, log);
    }
  };
}

/** The base type if it is one that the service speaks. */
function baseType(header: string | null): string | undefined {
  if (header === JSON_1_0 || header === null) return header ?? undefined;
  const base = header.split(";", 1)[0]?.trim();
  return base === JSON_1_0 || base === "application/json" ? base : undefined;
}

/** The body without its Content-Encoding, cut off by its decompressed size. */
function inflated(request: WireRequest): Buffer {
  const { body, headers } = request;
  if (body.length > BODY_BYTES_MAX) throw new BodyTooLarge();
  const encoding = headers.get("content-encoding");
  if (encoding === null || encoding === "" || encoding === "identity") return body;
  if (encoding !== "gzip" && encoding !== "deflate") {
    throw validation(`Unsupported Content-Encoding: ${encoding}`);
  }
  try {
    return inflate(body, encoding, BODY_BYTES_MAX);
  } catch (error) {
    if (error instanceof RangeError) throw new BodyTooLarge();
    throw internalServerError();
  }
}

function parseBody(body: Buffer): unknown {
  if (body.length >= SCAN_BYTES_MIN && scanDepth(body) > NESTING_MAX) throw serialization();
  try {
    return JSON.parse(body.toString("utf8"));
  } catch {
    throw serialization();
  }
}
