/** ARNs of exports and imports, and the tokens with which their lists go on. */
import { type ApiError, accessDenied, validation } from "../errors.ts";
import { invalidParameters } from "../tables/schema-keys.ts";
import type { Context } from "./operation.ts";

const ARN = /^arn:aws:dynamodb:([^:]*):(\d{12}):table\/([a-zA-Z0-9_.-]+)(\/.*)?$/s;
const TRANSFER =
  /^arn:aws:dynamodb:[^:]+:(\d{12}):table\/[a-zA-Z0-9_.-]+\/(export|import)\/(\d{14}-[0-9a-f]{8})$/;

/** The id in the ARN of an export or import. Throws `ApiError` for other ones. */
export function idInArn(arn: string, kind: "export" | "import", { accountId }: Context): string {
  const [, account, found, id] = TRANSFER.exec(arn) ?? [];
  if (id === undefined || found !== kind) {
    throw validation(`Invalid ${kind === "export" ? "Export" : "Import"} ARN`);
  }
  if (account !== accountId) throw accessDenied("Access is denied");
  return id;
}

/** The name in the ARN of a table. Throws `ApiError` for what is none, or not one of this caller's. */
export function nameInTableArn(arn: string, { accountId, region: own }: Context): string {
  const [, region, account, name, rest] = ARN.exec(arn) ?? [];
  if (name === undefined) throw invalidParameters("tableArn is not a valid ARN");
  if (rest !== undefined || region !== own) throw validation("Invalid Request: Table ARN is invalid.");
  if (account !== accountId) throw accessDenied("Access is denied");
  return name;
}

interface ListRequest {
  readonly TableArn?: string;
  readonly NextToken?: string;
  readonly max: number | undefined;
}

const PAGE_MAX = 25;

/** A page of a list, and the token that goes on after it. `all` is sorted by id, descending. Throws `ApiError`. */
export function pageOf<R extends { readonly id: string }>(
  all: readonly R[],
  { TableArn, NextToken, max = PAGE_MAX }: ListRequest,
  arnOf: (record: R) => string,
  context: Context,
): { readonly page: readonly R[]; readonly next: { readonly NextToken?: string } } {
  if (TableArn !== undefined) nameInTableArn(TableArn, context);
  const before = NextToken === undefined ? undefined : placeIn(NextToken);
  const rest = all.filter(
    (record) =>
      (TableArn === undefined || arnOf(record).startsWith(`${TableArn}/`)) &&
      (before === undefined || record.id < before),
  );
  const page = rest.slice(0, max);
  const last = page.at(-1);
  return {
    page,
    next: last === undefined || page.length === rest.length ? {} : { NextToken: token(last.id) },
  };
}

/** The shortest token that the service's model allows, in bytes. */
const TOKEN_BYTES = 56;
const PLACE = /^\d{14}-[0-9a-f]{8}$/;

const token = (id: string): string => Buffer.from(id.padEnd(TOKEN_BYTES, "\0")).toString("hex");

function placeIn(text: string): string {
  const place = Buffer.from(text, "hex").toString("latin1").replace(/\0+$/, "");
  if (!PLACE.test(place) || token(place) !== text) throw invalidToken(text);
  return place;
}

const invalidToken = (text: string): ApiError =>
  validation(`Invalid Request: Provided nextToken is invalid: ${text}`);
