import { ApiError, internalServerError } from "../errors.ts";
import { crc32 } from "../runtime/digest.ts";
import { nextRequestId } from "../runtime/ids.ts";
import type { Log } from "../runtime/log.ts";

/** A body ready for the wire: JSON text, or the same as UTF-8 bytes, perhaps lent (runtime/body-buffers): for who copies it to give back. */
export type WireBody = string | Uint8Array<ArrayBuffer>;

export interface WireResponse {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: WireBody;
}

export const JSON_1_0 = "application/x-amz-json-1.0";

/** A response with the headers that every answer of the service carries. The CRC is of the bytes on the wire. */
export function respond(status: number, body: WireBody, contentType: string): WireResponse {
  return {
    status,
    headers: {
      "Content-Type": contentType,
      "x-amzn-RequestId": nextRequestId(),
      "x-amz-crc32": crc32(body).toString(),
    },
    body,
  };
}

/** The one place where failures become answers: refusals as the service words them, everything else as its 500. */
export function respondError(error: unknown, contentType: string, log: Log): WireResponse {
  const refusal = error instanceof ApiError ? error : internalServerError();
  if (refusal !== error) {
    log.error("request failed", {
      error: error instanceof Error ? (error.stack ?? error.message) : String(error),
    });
  }
  const body: Record<string, unknown> = { __type: refusal.type, ...refusal.members };
  if (refusal.message !== "") body[refusal.member] = refusal.message;
  return respond(refusal.status, JSON.stringify(body), contentType);
}
