import { importNotFound } from "../errors.ts";
import { describeImportInput } from "../protocol/inputs/exports-and-imports.ts";
import { describeImportRecord, importArn } from "../transfer/import-record.ts";
import { json, operation } from "./operation.ts";
import { idInArn } from "./transfer-arn.ts";

export const describeImport = operation({
  name: "DescribeImport",
  input: describeImportInput,
  prepare: (input) => input,
  execute({ ImportArn: arn }, context) {
    const { imports } = context.transfers;
    const record = imports.records.find(idInArn(arn, "import", context));
    if (record === undefined || importArn(record) !== arn) throw importNotFound(arn);
    return json({ ImportTableDescription: describeImportRecord(record, imports.countsOf(record)) });
  },
});
