import { accessDenied, validation } from "../errors.ts";
import type { Table } from "../tables/table.ts";
import type { Context } from "./operation.ts";

const ARN = /^arn:([^:]*):([^:]*):([^:]*):([^:]*):table\/([^/]+)(\/.*)?$/s;

/** The name in a TableName parameter, which may also be the table's ARN. Throws for an ARN that is not of a table of this caller. */
export function tableNameOf(nameOrArn: string, context: Context): string {
  if (!nameOrArn.startsWith("arn:")) return nameOrArn;
  const refuse = (what: string) =>
    validation(`1 validation error detected: Invalid ${what} in '${nameOrArn}'`);
  const [, partition, service, region, account, name, rest] = ARN.exec(nameOrArn) ?? [];
  if (name === undefined || service !== "dynamodb" || rest !== undefined) throw refuse("resource type");
  if (partition !== "aws") throw refuse("AWS partition");
  if (region !== context.region) throw refuse("AWS region");
  if (account !== context.accountId) throw accessDenied("Access is denied");
  return name;
}

/** The table a data-plane request names. Throws ResourceNotFound. */
export function tableFor(nameOrArn: string, context: Context): Table {
  return context.catalog.usable(tableNameOf(nameOrArn, context));
}
