/**
 * What CreateTable and UpdateTable are asked for, as far as tables are concerned: the inputs of those operations satisfy
 * these types. Names are the wire's, because most of these pieces are kept and described as they were given.
 */
import type { KeyType } from "../values/key-schema.ts";

export interface AttributeDefinition {
  readonly AttributeName: string;
  readonly AttributeType: KeyType;
}

export interface KeySchemaElement {
  readonly AttributeName: string;
  readonly KeyType: "HASH" | "RANGE";
}

export type ContributorInsightsMode = "ACCESSED_AND_THROTTLED_KEYS" | "THROTTLED_KEYS";
export type KinesisPrecision = "MILLISECOND" | "MICROSECOND";
export type BillingMode = "PROVISIONED" | "PAY_PER_REQUEST";
export type TableClass = "STANDARD" | "STANDARD_INFREQUENT_ACCESS";
export type StreamViewType = "NEW_IMAGE" | "OLD_IMAGE" | "NEW_AND_OLD_IMAGES" | "KEYS_ONLY";

export interface ProvisionedThroughput {
  readonly ReadCapacityUnits: number;
  readonly WriteCapacityUnits: number;
}

export interface OnDemandThroughput {
  readonly MaxReadRequestUnits?: number;
  readonly MaxWriteRequestUnits?: number;
}

export interface WarmThroughput {
  readonly ReadUnitsPerSecond?: number;
  readonly WriteUnitsPerSecond?: number;
}

/** What an index keeps of an item beside keys, as requested. */
export interface ProjectionRequest {
  readonly ProjectionType?: "ALL" | "INCLUDE" | "KEYS_ONLY";
  readonly NonKeyAttributes?: readonly string[];
}

export interface LocalSecondaryIndexRequest {
  readonly IndexName: string;
  readonly KeySchema: readonly KeySchemaElement[];
  readonly Projection: ProjectionRequest;
}

export interface GlobalSecondaryIndexRequest extends LocalSecondaryIndexRequest {
  readonly ProvisionedThroughput?: ProvisionedThroughput;
  readonly OnDemandThroughput?: OnDemandThroughput;
  readonly WarmThroughput?: WarmThroughput;
}

export interface StreamSpecification {
  readonly StreamEnabled: boolean;
  readonly StreamViewType?: StreamViewType;
}

export interface SseSpecification {
  readonly Enabled?: boolean;
  readonly SSEType?: "AES256" | "KMS";
  readonly KMSMasterKeyId?: string;
}

/** A tag as requested: both members are judged by `checkTags`. */
export interface TagRequest {
  readonly Key?: string;
  readonly Value?: string;
}

export interface CreateTableRequest {
  readonly TableName: string;
  readonly AttributeDefinitions: readonly AttributeDefinition[];
  readonly KeySchema: readonly KeySchemaElement[];
  readonly LocalSecondaryIndexes?: readonly LocalSecondaryIndexRequest[];
  readonly GlobalSecondaryIndexes?: readonly GlobalSecondaryIndexRequest[];
  readonly BillingMode?: BillingMode;
  readonly ProvisionedThroughput?: ProvisionedThroughput;
  readonly StreamSpecification?: StreamSpecification;
  readonly SSESpecification?: SseSpecification;
  readonly Tags?: readonly TagRequest[];
  readonly TableClass?: string;
  readonly DeletionProtectionEnabled?: boolean;
  readonly WarmThroughput?: WarmThroughput;
  readonly OnDemandThroughput?: OnDemandThroughput;
  readonly ResourcePolicy?: string;
  readonly GlobalTableSourceArn?: string;
  readonly GlobalTableSettingsReplicationMode?: string;
}

export interface GlobalSecondaryIndexUpdateRequest {
  readonly IndexName: string;
  readonly ProvisionedThroughput?: ProvisionedThroughput;
  readonly OnDemandThroughput?: OnDemandThroughput;
  readonly WarmThroughput?: WarmThroughput;
}

/** Exactly one of the three; `checkUpdateTable` sees to it. */
export interface GlobalSecondaryIndexChangeRequest {
  readonly Create?: GlobalSecondaryIndexRequest;
  readonly Update?: GlobalSecondaryIndexUpdateRequest;
  readonly Delete?: { readonly IndexName: string };
}

export interface UpdateTableRequest {
  readonly TableName: string;
  readonly AttributeDefinitions?: readonly AttributeDefinition[];
  readonly BillingMode?: BillingMode;
  readonly ProvisionedThroughput?: ProvisionedThroughput;
  readonly GlobalSecondaryIndexUpdates?: readonly GlobalSecondaryIndexChangeRequest[];
  readonly StreamSpecification?: StreamSpecification;
  readonly SSESpecification?: SseSpecification;
  readonly ReplicaUpdates?: readonly unknown[];
  readonly GlobalTableWitnessUpdates?: readonly unknown[];
  readonly MultiRegionConsistency?: string;
  readonly GlobalTableSettingsReplicationMode?: string;
  readonly TableClass?: string;
  readonly DeletionProtectionEnabled?: boolean;
  readonly OnDemandThroughput?: OnDemandThroughput;
  readonly WarmThroughput?: WarmThroughput;
}

/** What planning a table needs of the world. */
export interface PlanContext {
  /** Milliseconds since the epoch. */
  readonly now: number;
  readonly accountId: string;
  readonly region: string;
  /** A fresh uuid. */
  readonly newId: () => string;
  /** Label of the newest stream that an earlier table of the same name had. */
  readonly latestStreamLabel?: string | undefined;
}
