import { exportNotFound } from "../errors.ts";
import { describeExportInput } from "../protocol/inputs/exports-and-imports.ts";
import { describeExportRecord, exportArn } from "../transfer/export-record.ts";
import { json, operation } from "./operation.ts";
import { idInArn } from "./transfer-arn.ts";

export const describeExport = operation({
  name: "DescribeExport",
  input: describeExportInput,
  prepare: (input) => input,
  execute({ ExportArn: arn }, context) {
    const record = context.transfers.exports.records.find(idInArn(arn, "export", context));
    if (record === undefined || exportArn(record) !== arn) throw exportNotFound(arn);
    return json({ ExportDescription: describeExportRecord(record) });
  },
});
