/** The inputs of all operations, by exported name. */
import * as backups from "../../src/protocol/inputs/backups.ts";
import * as batch from "../../src/protocol/inputs/batch.ts";
import * as exportsAndImports from "../../src/protocol/inputs/exports-and-imports.ts";
import * as globalTables from "../../src/protocol/inputs/global-tables.ts";
import * as insights from "../../src/protocol/inputs/insights.ts";
import * as items from "../../src/protocol/inputs/items.ts";
import * as partiql from "../../src/protocol/inputs/partiql.ts";
import * as policies from "../../src/protocol/inputs/policies.ts";
import * as reads from "../../src/protocol/inputs/reads.ts";
import * as streams from "../../src/protocol/inputs/streams.ts";
import * as tables from "../../src/protocol/inputs/tables.ts";
import * as tags from "../../src/protocol/inputs/tags.ts";
import * as timeToLive from "../../src/protocol/inputs/time-to-live.ts";
import * as transactions from "../../src/protocol/inputs/transactions.ts";

export const allInputs = {
  ...items,
  ...reads,
  ...batch,
  ...transactions,
  ...partiql,
  ...tables,
  ...timeToLive,
  ...tags,
  ...policies,
  ...backups,
  ...globalTables,
  ...insights,
  ...exportsAndImports,
  ...streams,
};
