import { ApiError, validation } from "../errors.ts";
import { asStatementRefusal, bindParameters, bindStatement } from "../partiql/bind.ts";
import { parseStatement } from "../partiql/statement-parser.ts";
import { batchExecuteStatementInput } from "../protocol/inputs/partiql.ts";
import type { Infer } from "../protocol/shapes.ts";
import { readItem } from "../tables/read.ts";
import type { ItemRow } from "../tables/read-items.ts";
import { performWrite, type WriteResult } from "../tables/write.ts";
import type { Item } from "../values/attribute-value.ts";
import { CapacityByTable } from "./capacity-by-table.ts";
import { type Context, json, operation } from "./operation.ts";
import { readUnits, tableUnits, type Units, unitsOfWrite, writeUnits } from "./results.ts";
import { spliceParts } from "./splice.ts";
import { prepareStatementGet, type StatementGet } from "./statement-get.ts";
import { prepareStatementWrite, type StatementWrite } from "./statement-write.ts";
import { tableFor } from "./table-name.ts";
import { areDistinct } from "./transaction-actions.ts";
import { writtenOf } from "./write-answer.ts";

type Input = Infer<typeof batchExecuteStatementInput>["Statements"][number];

/** A member of the batch, or its refusal. */
type Member =
  | { readonly kind: "read"; readonly get: StatementGet; readonly consistent: boolean }
  | { readonly kind: "write"; readonly write: StatementWrite }
  | Failure;

interface Failure {
  readonly kind: "failure";
  readonly error: ApiError;
  /** The table, when that is missing or the statement was tried there. */
  readonly tableName: string | undefined;
}

type Performable = Exclude<Member, Failure>;

export const batchExecuteStatement = operation({
  name: "BatchExecuteStatement",
  input: batchExecuteStatementInput,
  prepare(input) {
    const members = input.Statements.map((each) => attempt(() => prepareMember(each)));
    if (members.some(({ kind }) => kind === "read") && members.some(({ kind }) => kind === "write")) {
      throw validation("Read and write requests together in the same batch is not supported.");
    }
    return { members, mode: input.ReturnConsumedCapacity };
  },
  async execute({ members, mode }, context) {
    const placed = members.map((member) =>
      member.kind === "failure"
        ? member
        : attempt(() => ({ member, row: placeOf(member, context) }), tableNameOf(member)),
    );
    const rows = placed.flatMap((each) => ("row" in each ? [each.row] : []));
    if (!areDistinct(rows)) throw validation("Provided list of item keys contains duplicates");
    const capacity = new CapacityByTable();
    const responses = await Promise.all(
      placed.map((each) =>
        "row" in each ? respond(each.member, each.row, capacity, context) : failed(each),
      ),
    );
    const rest = json({ ConsumedCapacity: capacity.report(mode) });
    const parts = responses.flatMap((response, at) => [at === 0 ? "" : ",", ...response]);
    return spliceParts(['{"Responses":[', ...parts, rest === "{}" ? "]}" : `],${rest.slice(1)}`]);
  },
});

/** What `act` gives, or the refusal with which it ends, with the name of the table if that is not there. */
function attempt<T>(act: () => T, tableName?: string): T | Failure {
  try {
    return act();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const isMissing = error.name === "ResourceNotFoundException";
    return { kind: "failure", error, tableName: isMissing ? tableName : undefined };
  }
}

function prepareMember(input: Input): Member {
  const parameters = bindParameters(input.Parameters);
  const statement = bindStatement(parseStatement(input.Statement), parameters);
  switch (statement.kind) {
    case "exists":
      throw validation("EXISTS can only be used in ExecuteTransaction write requests.");
    case "select": {
      const get = prepareStatementGet(statement, "BatchExecuteStatement");
      return { kind: "read", get, consistent: input.ConsistentRead ?? false };
    }
    default:
      return { kind: "write", write: prepareStatementWrite(statement, "where-clause") };
  }
}

const tableNameOf = (member: Performable): string =>
  member.kind === "read" ? member.get.tableName : member.write.tableName;

/** The row that a member reads or writes. Throws ApiError when its statement does not fit its table. */
function placeOf(member: Performable, context: Context): ItemRow {
  const table = tableFor(tableNameOf(member), context);
  if (member.kind === "read") {
    member.get.checkShape(table);
    return member.get.on(table);
  }
  return { space: table.space, key: member.write.on(table).rowKey };
}

/** JSON in pieces: stored items are spliced into it undecoded. */
type Response = readonly (string | Uint8Array)[];

/** Performs a member, counts what it costs, and answers it. */
async function respond(
  member: Performable,
  row: ItemRow,
  capacity: CapacityByTable,
  context: Context,
): Promise<Response> {
  const tableName = tableNameOf(member);
  try {
    if (member.kind === "read") return await read(member, row, capacity, context);
    return [json({ TableName: tableName, Item: await write(member.write, capacity, context) })];
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return failed({ kind: "failure", error, tableName });
  }
}

async function read(
  { get, consistent }: Extract<Member, { kind: "read" }>,
  row: ItemRow,
  capacity: CapacityByTable,
  { catalog }: Context,
): Promise<Response> {
  const { tableName: TableName, projection } = get;
  const stored = await readItem(catalog, row.space, row.key);
  capacity.add(TableName, tableUnits(readUnits(stored?.size ?? 0, consistent)));
  if (stored === undefined) return [json({ TableName })];
  if (projection !== undefined) return [json({ TableName, Item: projection.pick(stored.item) })];
  return [`{"TableName":${JSON.stringify(TableName)},"Item":`, stored.json, "}"];
}

async function write(
  write: StatementWrite,
  capacity: CapacityByTable,
  context: Context,
): Promise<Item | undefined> {
  const result = await performWrite(context, () => write.on(tableFor(write.tableName, context)));
  const units = unitsOf(write, result);
  if (units !== undefined) capacity.add(write.tableName, units);
  return write.returned(writtenOf(result, false));
}

/** A write that its condition, or an item that is there already, has prevented costs what it would have; other refusals are free. */
function unitsOf({ itemBytes }: StatementWrite, result: WriteResult): Units | undefined {
  if (result.kind === "written") return unitsOfWrite(result);
  if (result.kind === "condition-failed") return tableUnits(writeUnits(result.previous?.size ?? 0));
  const isDuplicate = result.kind === "refused" && result.error.name === "DuplicateItemException";
  return isDuplicate ? tableUnits(writeUnits(itemBytes)) : undefined;
}

/** Codes of errors by the names of exceptions, where they are not those names without "Exception". */
const CODES: ReadonlyMap<string, string> = new Map([
  ["ValidationException", "ValidationError"],
  ["ThrottlingException", "ThrottlingError"],
]);

/** The response to a member that was not performed. What the server is to blame for fails the whole request. */
function failed({ error, tableName }: Failure): Response {
  if (error.status >= 500) throw error;
  const { name, message } = asStatementRefusal(error);
  const Code = CODES.get(name) ?? name.replace(/Exception$/, "");
  return [json({ Error: { Code, Message: message }, TableName: tableName })];
}
