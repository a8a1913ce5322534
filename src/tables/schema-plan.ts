/** What planning an update of a table yields. */
import type { TableRecord } from "./schema.ts";

export interface UpdatePlan {
  /** To commit. The very old one when nothing changes. */
  readonly record: TableRecord;
  /** To describe in the answer (`describeUpdatedTable`): mostly the old values, with the states of a change under way. */
  readonly response: TableRecord;
  /** States in the answer that no record has. */
  readonly encryptionUpdating?: boolean;
  readonly warmthUpdating?: boolean;
}
