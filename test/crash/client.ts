/** The client of the kill tests: each request ends in exactly one of three ways, and whatever else happens fails the test. */
import assert from "node:assert/strict";
import { call, type Json, refusalOf } from "../support/call.ts";

export type Item = { readonly [name: string]: { readonly [type: string]: Json } };

export type Outcome =
  /** Answered as a success: it is there for good. */
  | { readonly kind: "acknowledged"; readonly body: { readonly Item?: Item; readonly Attributes?: Item } }
  /** Answered as a failed condition, with the item that failed it: that item was there. */
  | { readonly kind: "refused"; readonly item: Item | undefined }
  /** Not answered: it happened whole or not at all. */
  | { readonly kind: "unknown" };

/** Counts what happened, so that a test can assert that anything did. */
export interface Tally {
  acknowledged: number;
  refused: number;
  unknown: number;
}

export type Send = (operation: string, request: Readonly<Record<string, unknown>>) => Promise<Outcome>;

export const TABLE = "kill";

/** Sends to `endpoint`; a connection that breaks is an unknown outcome, any other failure throws. */
export function sender(endpoint: string, tally: Tally): Send {
  return async (operation, request) => {
    const outcome = await send(endpoint, operation, request);
    tally[outcome.kind] += 1;
    return outcome;
  };
}

async function send(endpoint: string, operation: string, request: object): Promise<Outcome> {
  const answer = await call(endpoint, operation, { TableName: TABLE, ...request }).catch(() => undefined);
  if (answer === undefined) return { kind: "unknown" };
  const body = answer.body as { Item?: Item; Attributes?: Item };
  if (answer.status === 200) return { kind: "acknowledged", body };
  const refusal = refusalOf(answer);
  assert.equal(
    refusal.type,
    "ConditionalCheckFailedException",
    `${operation} was answered ${answer.status}: ${answer.text}`,
  );
  return { kind: "refused", item: body.Item };
}

/** The item under a key; a server that does not answer throws. */
export async function read(send: Send, pk: string): Promise<Item | undefined> {
  const outcome = await send("GetItem", { Key: { pk: { S: pk } }, ConsistentRead: true });
  assert(outcome.kind === "acknowledged", `reading ${pk}: ${outcome.kind}`);
  return outcome.body.Item;
}
