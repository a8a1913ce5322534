import { listImportsInput } from "../protocol/inputs/exports-and-imports.ts";
import { importArn, summarizeImport } from "../transfer/import-record.ts";
import { json, operation } from "./operation.ts";
import { pageOf } from "./transfer-arn.ts";

export const listImports = operation({
  name: "ListImports",
  input: listImportsInput,
  prepare: (input) => input,
  execute(input, context) {
    const all = context.transfers.imports.records.all();
    const { page, next } = pageOf(all, { ...input, max: input.PageSize }, importArn, context);
    return json({ ImportSummaryList: page.map(summarizeImport), ...next });
  },
});
