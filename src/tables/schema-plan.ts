/** What planning an update of a table yields. */
import type { GlobalIndexRecord, StreamRecord, TableRecord } from "./schema.ts";

/** What the commit of a new record entails. */
export type TableAction =
  | { readonly kind: "createIndex"; readonly index: GlobalIndexRecord }
  | { readonly kind: "deleteIndex"; readonly index: GlobalIndexRecord }
  | { readonly kind: "enableStream"; readonly stream: StreamRecord }
  | { readonly kind: "disableStream"; readonly stream: StreamRecord };

export interface UpdatePlan {
  /** To commit. The very old one when nothing changes. */
  readonly record: TableRecord;
  /** To describe in the answer (`describeUpdatedTable`): mostly the old values, with the states of a change under way. */
  readonly response: TableRecord;
  readonly actions: readonly TableAction[];
  /** States in the answer that no record has. */
  readonly encryptionUpdating?: boolean;
  readonly warmthUpdating?: boolean;
}
