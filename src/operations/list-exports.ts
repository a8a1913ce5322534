import { listExportsInput } from "../protocol/inputs/exports-and-imports.ts";
import { exportArn, summarizeExport } from "../transfer/export-record.ts";
import { json, operation } from "./operation.ts";
import { pageOf } from "./transfer-arn.ts";

export const listExports = operation({
  name: "ListExports",
  input: listExportsInput,
  prepare: (input) => input,
  execute(input, context) {
    const all = context.transfers.exports.records.all();
    const { page, next } = pageOf(all, { ...input, max: input.MaxResults }, exportArn, context);
    return json({ ExportSummaries: page.map(summarizeExport), ...next });
  },
});
