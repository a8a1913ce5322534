import { crudOperations } from "./crud-operations.ts";
import type { Section } from "./step.ts";
import { tableManagement } from "./table-management.ts";

/** The sheet, in its order. */
export const sections: readonly Section[] = [tableManagement, crudOperations];
