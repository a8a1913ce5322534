/**
 * A table as the catalog keeps it (`TableRecord`: plain data), and what item operations ask of it (`TableSchema`: made once per
 * record, because these checks are on the path of every request).
 */
import type { CheckpointInfo, SpaceId } from "../../storage/index.ts";
import { type AttributeValue, attribute, type Item } from "../values/attribute-value.ts";
import type { KeyAttribute, KeySchema } from "../values/key-schema.ts";
import { ItemKeyChecks } from "./schema-items.ts";
import type {
  AttributeDefinition,
  BillingMode,
  ContributorInsightsMode,
  KeySchemaElement,
  KinesisPrecision,
  OnDemandThroughput,
  StreamViewType,
  TableClass,
} from "./schema-request.ts";

export type TableStatus = "CREATING" | "ACTIVE" | "UPDATING" | "DELETING";
export type IndexStatus = TableStatus;

/** Provisioned capacity and the history of its changes. All zero on demand. */
export interface Throughput {
  readonly readCapacityUnits: number;
  readonly writeCapacityUnits: number;
  /** Milliseconds since the epoch; absent until it happens. */
  readonly lastIncreaseMs?: number;
  readonly lastDecreaseMs?: number;
  /** Decreases on the UTC day of `lastDecreaseMs`. */
  readonly decreases: number;
}

/** Throughput that is available at once. */
export interface Warmth {
  readonly readUnitsPerSecond: number;
  readonly writeUnitsPerSecond: number;
}

export interface Projection {
  readonly ProjectionType: "ALL" | "INCLUDE" | "KEYS_ONLY";
  /** Sorted. */
  readonly NonKeyAttributes?: readonly string[];
}

export interface LocalIndexRecord {
  readonly indexName: string;
  readonly spaceId: string;
  readonly keySchema: readonly KeySchemaElement[];
  readonly projection: Projection;
}

export interface GlobalIndexRecord extends LocalIndexRecord {
  /** CREATING while entries are being backfilled. */
  readonly indexStatus: IndexStatus;
  /** Shown while CREATING: false before the backfill has begun, true while it runs. */
  readonly backfilling?: boolean;
  readonly throughput: Throughput;
  readonly warm: Warmth;
  readonly onDemand?: OnDemandThroughput;
}

/** The enabled stream of a table. */
export interface StreamRecord {
  readonly viewType: StreamViewType;
  readonly feedId: string;
  /** UTC time of its enabling, yyyy-MM-ddTHH:mm:ss.SSS; unique among the table's streams. */
  readonly label: string;
}

/** Items of the table leave when the time in this attribute has come. */
export interface TimeToLiveRecord {
  readonly attributeName: string;
  /** Where their expiries are kept. */
  readonly spaceId: string;
  /** The expiries of items that are older than this setting are still being collected. */
  readonly filling?: true;
}

/** Point-in-time recovery is enabled. */
export interface RecoveryRecord {
  readonly periodDays: number;
  /** No instant before this one is restorable, whatever is still kept: milliseconds since the epoch, of log time. */
  readonly sinceMs: number;
}

/** The table is being restored: where its items come from. */
export interface RestoreRecord {
  readonly sourceTableArn: string;
  /** The backup; its ARN as the client has it. */
  readonly backup?: { readonly arn: string; readonly tableName: string; readonly backupId: string };
  /** The instant as it is shown, milliseconds since the epoch. */
  readonly shownMs: number;
  /** The source's space. */
  readonly spaceId: SpaceId;
  /** A state of that space which is kept, or an instant of its past: the last millisecond of it that counts. */
  readonly from: CheckpointInfo | { readonly time: number };
}

export interface Tag {
  readonly Key: string;
  readonly Value: string;
}

/** Whether Contributor Insights is on for a table, or for one of its global indexes. */
export interface InsightsRecord {
  /** Absent for the table itself. */
  readonly indexName?: string;
  readonly enabled: boolean;
  readonly mode: ContributorInsightsMode;
  readonly changeMs: number;
}

/** A resource-based policy. */
export interface PolicyRecord {
  /** Of the stream that it is for; absent for the table itself. */
  readonly streamLabel?: string;
  /** JSON text in its canonical form. */
  readonly document: string;
  readonly revisionId: string;
}

/** A Kinesis data stream that the table's changes are meant for. */
export interface KinesisDestinationRecord {
  readonly streamArn: string;
  readonly enabled: boolean;
  /** Absent if it was never given. */
  readonly precision?: KinesisPrecision;
  readonly change: "enabled" | "disabled" | "updated";
  readonly changeMs: number;
}

/** Everything the catalog stores about a table. Plain JSON-able data; times in milliseconds since the epoch. */
export interface TableRecord {
  readonly tableName: string;
  readonly accountId: string;
  readonly region: string;
  /** Uuid of this incarnation of the name. */
  readonly tableId: string;
  readonly spaceId: string;
  readonly tableStatus: TableStatus;
  readonly creationMs: number;
  readonly attributeDefinitions: readonly AttributeDefinition[];
  readonly keySchema: readonly KeySchemaElement[];
  readonly billingMode: BillingMode;
  /** When the table last became on-demand; absent if it never was. */
  readonly payPerRequestMs?: number;
  readonly throughput: Throughput;
  readonly warm: Warmth;
  readonly onDemand?: OnDemandThroughput;
  readonly globalSecondaryIndexes: readonly GlobalIndexRecord[];
  readonly localSecondaryIndexes: readonly LocalIndexRecord[];
  /** Where the sizes of item collections are kept; present with local secondary indexes. */
  readonly itemCollectionsSpaceId?: string;
  readonly stream?: StreamRecord;
  /** Label of the newest stream, enabled or not. */
  readonly latestStreamLabel?: string;
  /** Present with a KMS key; the service's own key otherwise. */
  readonly sse?: { readonly kmsMasterKeyArn: string };
  /** Present once the class was given or changed. */
  readonly tableClass?: { readonly value: TableClass; readonly changesMs: readonly number[] };
  readonly deletionProtection: boolean;
  readonly tags: readonly Tag[];
  /** When tags were last changed; absent if never since the table was created. */
  readonly tagsChangeMs?: number;
  /** Of the table and of its streams. */
  readonly policies?: readonly PolicyRecord[];
  /** Present while time to live is enabled. */
  readonly timeToLive?: TimeToLiveRecord;
  /** When time to live was last enabled or disabled. */
  readonly timeToLiveChangeMs?: number;
  /** Present while point-in-time recovery is enabled. */
  readonly recovery?: RecoveryRecord;
  /** Present until a restored table is ACTIVE. */
  readonly restore?: RestoreRecord;
  /** The import that fills the table, until it is ACTIVE. */
  readonly importId?: string;
  /** Of whatever has been configured once. */
  readonly insights?: readonly InsightsRecord[];
  /** In the order in which they were first enabled. */
  readonly kinesisDestinations?: readonly KinesisDestinationRecord[];
}

/** Whether a table is still being filled, by a restore or an import: it is there to be described, and for nothing else. */
export const isBeingFilled = ({ restore, importId }: TableRecord): boolean =>
  restore !== undefined || importId !== undefined;

/** A secondary index as reads and writes see it. */
export interface IndexSchema {
  readonly indexName: string;
  readonly kind: "global" | "local";
  readonly spaceId: string;
  readonly keySchema: KeySchema;
  readonly projection: Projection;
  /** Attributes an entry holds, keys of index and table included; undefined for all. */
  readonly projected: readonly string[] | undefined;
  /** False while a new index is being filled or an old one removed. */
  readonly readable: boolean;
}

/** Key attributes with their types, from the wire's two lists. Undefined types cannot be: definitions were checked. */
export function keySchemaOf(
  elements: readonly KeySchemaElement[],
  definitions: readonly AttributeDefinition[],
): KeySchema {
  const typed = (keyType: KeySchemaElement["KeyType"]): KeyAttribute[] =>
    elements.flatMap((element) => {
      if (element.KeyType !== keyType) return [];
      const definition = definitions.find((each) => each.AttributeName === element.AttributeName);
      return definition === undefined
        ? []
        : [{ name: element.AttributeName, type: definition.AttributeType }];
    });
  return { partition: typed("HASH"), sort: typed("RANGE") };
}

/** What follows from a table's record for the items in it. Immutable; make one per record. */
export class TableSchema {
  readonly keySchema: KeySchema;
  /** All secondary indexes, sorted by name. */
  readonly indexes: readonly IndexSchema[];
  readonly #keyNames: readonly string[];
  readonly #checks: ItemKeyChecks;

  constructor(record: TableRecord) {
    const definitions = record.attributeDefinitions;
    this.keySchema = keySchemaOf(record.keySchema, definitions);
    this.#keyNames = record.keySchema.map((element) => element.AttributeName);
    const indexes: IndexSchema[] = [];
    for (const index of record.localSecondaryIndexes)
      indexes.push(this.#index(index, "local", true, definitions));
    for (const index of record.globalSecondaryIndexes) {
      indexes.push(this.#index(index, "global", isReadable(index), definitions));
    }
    this.indexes = indexes.sort((a, b) => (a.indexName < b.indexName ? -1 : 1));
    this.#checks = new ItemKeyChecks(this.keySchema, this.indexes);
  }

  #index(
    index: LocalIndexRecord,
    kind: IndexSchema["kind"],
    readable: boolean,
    definitions: readonly AttributeDefinition[],
  ): IndexSchema {
    const { indexName, spaceId, projection } = index;
    const ownNames = index.keySchema.map((element) => element.AttributeName);
    const names = [...ownNames, ...this.#keyNames, ...(projection.NonKeyAttributes ?? [])];
    const projected = projection.ProjectionType === "ALL" ? undefined : [...new Set(names)];
    const keySchema = keySchemaOf(index.keySchema, definitions);
    return { indexName, kind, spaceId, keySchema, projection, projected, readable };
  }

  /** The index of that name, or undefined. */
  index(indexName: string): IndexSchema | undefined {
    return this.indexes.find((index) => index.indexName === indexName);
  }

  /** The key of an item that has one (`checkItem`). */
  keyOf(item: Item): Item {
    const key: Record<string, Item[string]> = Object.create(null);
    for (const name of this.#keyNames) {
      const value = attribute(item, name);
      if (value !== undefined) key[name] = value;
    }
    return key;
  }

  /** Refuses a key that is not exactly this table's: names, number, types, then emptiness and sizes. Throws `ApiError`. */
  checkKey(key: Item): void {
    this.#checks.key(key);
  }

  /** Refuses an item to put whose key attributes, the table's or an index's, do not fit. Throws `ApiError`. */
  checkItem(item: Item): void {
    this.#checks.tableKey(item);
    this.#checks.indexKeys(item);
  }

  /** `checkItem` in the words of BatchWriteItem. Throws `ApiError`. */
  checkBatchItem(item: Item): void {
    this.#checks.batchKey(item);
    this.#checks.indexKeys(item);
  }

  /** Refuses an update that sets an index key attribute to a constant that cannot be one. Throws `ApiError`. */
  checkUpdateConstants(constants: ReadonlyMap<string, AttributeValue>): void {
    this.#checks.indexConstants(constants);
  }

  /** Refuses an updated item whose changed index key attributes do not fit. Throws `ApiError`. */
  checkUpdatedItem(previous: Item | undefined, next: Item): void {
    this.#checks.changedIndexKeys(previous, next);
  }

  /** Refuses an update that writes to the table's key, or inside a key attribute of table or index. Throws `ApiError`. */
  checkUpdateTargets(targets: readonly DocumentPath[]): void {
    this.#checks.updateTargets(targets);
  }

  /** Refuses paths that reach inside a key attribute, in whatever expression. Throws `ApiError`. */
  checkPaths(paths: readonly DocumentPath[]): void {
    this.#checks.nestedPaths(paths);
  }
}

/** An attribute name, then map keys (strings) and list indexes (numbers). */
export type DocumentPath = readonly (string | number)[];

const isReadable = (index: GlobalIndexRecord): boolean =>
  index.indexStatus === "ACTIVE" || index.indexStatus === "UPDATING";
