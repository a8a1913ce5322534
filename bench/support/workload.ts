/** What is measured: the tables, the requests, and the constant answer of the servers that only answer a constant. */
export type Send = (operation: string, body: unknown) => Promise<void>;

export interface Workload {
  readonly title: string;
  readonly connections: number;
  /** Creates table and items. */
  readonly prepare: (send: Send) => Promise<void>;
  /** Prebuilt requests, sent in turn. */
  readonly requests: (host: string) => readonly Buffer[];
  /** An answer like those to the requests. */
  readonly constant: unknown;
  /** Whether requests change items: then syncs and log bytes are counted too. */
  readonly writes?: boolean;
  /** dynalite has no such operation. */
  readonly notInDynalite?: boolean;
}
