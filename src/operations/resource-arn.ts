import { type ApiError, accessDenied } from "../errors.ts";
import { invalidParameters } from "../tables/schema-keys.ts";
import type { Context } from "./operation.ts";

const ARN = /^arn:[^:]*:dynamodb:([^:]*):([^:]*):table\/([^/]+)(\/.*)?$/s;
const STREAM = "/stream/";

/** What a ResourceArn names: a table, or one of its streams. */
export interface NamedResource {
  readonly tableName: string;
  readonly streamLabel: string | undefined;
}

/** The words of operations that differ in them. */
export interface ResourceRefusals {
  readonly otherRegion: (arn: string) => ApiError;
  readonly otherAccount: () => ApiError;
}

/** Reads a ResourceArn parameter. Throws `ApiError` when it is not of a table or stream of this caller. */
export function namedResource(arn: string, context: Context, refusals: ResourceRefusals): NamedResource {
  if (!arn.startsWith("arn:")) throw invalidParameters(`ARNs must start with 'arn:': ${arn}`);
  const [, region, account, tableName, rest = ""] = ARN.exec(arn) ?? [];
  if (tableName === undefined || rest.startsWith("/backup/")) {
    throw invalidParameters(`Provided Arn is not a DynamoDB resource arn: ${arn}`);
  }
  const isStream = rest.startsWith(STREAM);
  if (rest !== "" && !isStream) {
    throw invalidParameters(
      `Invalid resource arn provided, only table or stream is accepted. Provided resource arn: ${arn}`,
    );
  }
  if (region !== context.region) throw refusals.otherRegion(arn);
  if (account !== context.accountId) throw refusals.otherAccount();
  return { tableName, streamLabel: isStream ? rest.slice(STREAM.length) : undefined };
}

/** Another account's resource, in most operations' words. */
export const deniedAccount = () => accessDenied("Access is denied");
