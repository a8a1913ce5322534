import { limitExceeded, resourceInUse, validation } from "../errors.ts";
import { importTableInput } from "../protocol/inputs/exports-and-imports.ts";
import type { Infer } from "../protocol/shapes.ts";
import { newUuid } from "../runtime/ids.ts";
import { planCreateTable } from "../tables/schema-create.ts";
import { digestOf, newTransferId } from "../transfer/client-tokens.ts";
import { describeImportRecord, type ImportRecord, NO_COUNTS } from "../transfer/import-record.ts";
import { planContext } from "./control-table.ts";
import { type Context, json, operation } from "./operation.ts";

type Input = Infer<typeof importTableInput>;

const IMPORTS_MAX = 50;

export const importTable = operation({
  name: "ImportTable",
  input: importTableInput,
  prepare(input) {
    const { InputFormat: format } = input;
    if (format !== "CSV" && input.InputFormatOptions?.Csv !== undefined) {
      throw validation(
        `Invalid Request: Unsupported InputFormatOptions for the given input format: ${format}.`,
      );
    }
    return input;
  },
  async execute(input, context) {
    const token = input.ClientToken ?? newUuid();
    const { ClientToken: _, ...request } = input;
    const digest = digestOf(request);
    const { imports } = context.transfers;
    const record = await imports.begin(token, digest, () => ({
      ...planImport(input, context),
      clientToken: token,
      digest,
    }));
    return json({ ImportTableDescription: describeImportRecord(record, imports.countsOf(record)) });
  },
});

function planImport(input: Input, context: Context): Omit<ImportRecord, "clientToken" | "digest"> {
  const { S3BucketSource: source, TableCreationParameters: parameters, InputFormatOptions: options } = input;
  const { catalog, transfers } = context;
  const plan = planContext(context);
  const latestStreamLabel = catalog.streams.latestLabel(parameters.TableName);
  const table = planCreateTable(parameters, { ...plan, latestStreamLabel });
  if (catalog.find(table.tableName) !== undefined) {
    throw resourceInUse(`Table already exists: ${table.tableName}`);
  }
  const underWay = transfers.imports.records.all().filter(({ status }) => status === "IN_PROGRESS");
  if (underWay.length >= IMPORTS_MAX) {
    throw limitExceeded(
      `Subscriber limit exceeded: Only ${IMPORTS_MAX} import operations can be done simultaneously`,
    );
  }
  const { Delimiter: delimiter, HeaderList: header } = options?.Csv ?? {};
  const { S3Bucket: bucket, S3BucketOwner: bucketOwner, S3KeyPrefix: prefix } = source;
  return {
    id: newTransferId(plan.now),
    status: "IN_PROGRESS",
    startMs: plan.now,
    table,
    parameters,
    ...(options === undefined ? {} : { formatOptions: options }),
    source: {
      bucket,
      ...(bucketOwner === undefined ? {} : { bucketOwner }),
      ...(prefix === undefined ? {} : { prefix }),
    },
    format: input.InputFormat,
    csv: {
      ...(delimiter === undefined ? {} : { delimiter }),
      ...(header === undefined ? {} : { header }),
    },
    compression: input.InputCompressionType ?? "NONE",
    counts: NO_COUNTS,
  };
}
