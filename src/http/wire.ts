import { ApiError, internalServerError, serialization, validation } from "../errors.ts";
import { operationOf } from "../operations/dispatch.ts";
import type { RequestHeaders, Services } from "../operations/operation.ts";
import { NESTING_MAX, scanDepth } from "../protocol/scan-depth.ts";
import type { Log } from "../runtime/log.ts";
import { type Authenticate, anybody } from "./auth.ts";
import { inflate } from "./inflate.ts";
import { RequestMetrics } from "./request-metrics.ts";
import { JSON_1_0, respond, respondError, type WireResponse } from "./respond.ts";

/** The service's limit on a request body, after decompression. */
export const BODY_BYTES_MAX = 16 * 1024 * 1024;

/**
 * Bodies below this size cannot nest deeply enough to hurt JSON.parse, which is iterative but slow on brackets; the decoder's own recursion
 * is bounded anyway. Larger ones are scanned first.
 */
const SCAN_LENGTH_MIN = 16 * 1024;

/** A POST as the network front hands it over; any front can. */
export interface WireRequest {
  readonly headers: RequestHeaders;
  /** Without the "?". */
  readonly query: string;
  /** Text (UTF-8 decoded), or bytes; bytes when it has a Content-Encoding, or its signature is verified. */
  readonly body: string | Buffer;
}

/** The whole DynamoDB protocol as one function. Never rejects. */
export type Wire = (request: WireRequest) => Promise<WireResponse>;

class BodyTooLarge extends Error {}
class UnknownContentType extends Error {}

/** What the metrics call the end of a request that is no exception of the service's. */
function outcomeOf(error: unknown): string {
  if (error instanceof BodyTooLarge) return "RequestTooLarge";
  return error instanceof UnknownContentType ? "UnknownOperationException" : "InternalServerError";
}

/** Binds the protocol to the services behind it. Order of checks: wire protocol document, "Order of checks (POST)". */
export function createWire(
  services: Services,
  defaultRegion: string,
  log: Log,
  metrics: RequestMetrics = new RequestMetrics(),
  authenticate: Authenticate = anybody,
): Wire {
  const { catalog, inFlight, tokens, transfers, clock, accountId } = services;
  return async (request) => {
    const start = performance.now();
    const target = request.headers.get("x-amz-target");
    const tally = metrics.tally(target);
    let contentType = JSON_1_0;
    metrics.inFlight += 1;
    try {
      const body = textOf(request);
      const base = baseType(request.headers.get("content-type"));
      if (base !== undefined) contentType = base;
      else if (body.length > 0) throw new UnknownContentType();
      const input = body.length === 0 ? undefined : parseBody(body);
      const run = operationOf(target ?? "");
      const caller = authenticate(request);
      if (input === undefined) throw serialization();
      const region = caller.region === "" ? defaultRegion : caller.region;
      const context = {
        catalog,
        inFlight,
        tokens,
        transfers,
        clock,
        accountId,
        region,
        headers: request.headers,
      };
      const answer = respond(200, await run(input, context), contentType);
      tally.succeed(performance.now() - start);
      return answer;
    } catch (error) {
      tally.fail(error instanceof ApiError ? error.name : outcomeOf(error), performance.now() - start);
      if (error instanceof BodyTooLarge) return { status: 413, headers: {}, body: "" };
      if (error instanceof UnknownContentType) {
        return respond(404, "<UnknownOperationException/>\n", "text/plain");
      }
      return respondError(error, contentType, log);
    } finally {
      metrics.inFlight -= 1;
    }
  };
}

/** The base type if it is one that the service speaks. */
function baseType(header: string | null): string | undefined {
  if (header === JSON_1_0 || header === null) return header ?? undefined;
  const base = header.split(";", 1)[0]?.trim();
  return base === JSON_1_0 || base === "application/json" ? base : undefined;
}

/** The body as text, without its Content-Encoding, cut off by its decompressed size. */
function textOf({ body, headers }: WireRequest): string {
  if (body.length > BODY_BYTES_MAX) throw new BodyTooLarge();
  if (typeof body === "string") return body;
  return inflated(body, headers.get("content-encoding")).toString("utf8");
}

function inflated(body: Buffer, encoding: string | null): Buffer {
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

function parseBody(body: string): unknown {
  if (body.length >= SCAN_LENGTH_MIN && scanDepth(body) > NESTING_MAX) throw serialization();
  try {
    return JSON.parse(body);
  } catch {
    throw serialization();
  }
}
