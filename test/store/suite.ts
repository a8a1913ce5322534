import { describe } from "bun:test";
import { bulkLoadCases } from "./bulk-load-cases.ts";
import { checkpointCases } from "./checkpoint-cases.ts";
import { closeCases, reopenCases } from "./close-cases.ts";
import { concurrencyCases } from "./concurrency-cases.ts";
import { feedCases } from "./feed-cases.ts";
import { fenceCases } from "./fence-cases.ts";
import { historyCases } from "./history-cases.ts";
import { modelCases, reopenModelCases } from "./model-cases.ts";
import { rangeCases } from "./range-cases.ts";
import { snapshotCases } from "./snapshot-cases.ts";
import { spaceCases } from "./space-cases.ts";
import { statsCases } from "./stats-cases.ts";
import { casesOf, type StoreFactory } from "./subject.ts";
import { transactCases } from "./transact-cases.ts";
import { usageCases } from "./usage-cases.ts";
import { waitCases } from "./wait-cases.ts";

/**
 * The conformance suite of the seam (`storage/store.ts`): what any implementation must do, and nothing that only ours does.
 * `name` says which implementation and how it is set up.
 */
export function storeSuite(name: string, factory: StoreFactory): void {
  describe(name, () => {
    transactCases(factory);
    concurrencyCases(factory);
    fenceCases(factory);
    statsCases(factory);
    snapshotCases(factory);
    rangeCases(factory);
    spaceCases(factory);
    feedCases(factory);
    waitCases(factory);
    casesOf("bulkLoad", factory, () => bulkLoadCases(factory));
    casesOf("checkpoint", factory, () => checkpointCases(factory));
    casesOf("history", factory, () => historyCases(factory));
    usageCases(factory);
    closeCases(factory);
    modelCases(factory);
    casesOf("reopen", factory, () => {
      reopenCases(factory);
      reopenModelCases(factory);
    });
  });
}
