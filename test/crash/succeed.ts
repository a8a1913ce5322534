import assert from "node:assert/strict";
import type { TestServer } from "../support/server.ts";

/** The body of an answer. */
export type Body = Readonly<Record<string, unknown>>;

/** The body of the answer to a request that must succeed. */
export async function succeed(server: TestServer, operation: string, input: object): Promise<Body> {
  const { status, text, body } = await server.call(operation, input);
  assert.equal(status, 200, `${operation}: ${text}`);
  return body as Body;
}
