/** Streams, encryption and table class: what may be asked for, and what becomes of it. */
import { validation } from "../errors.ts";
import type { StreamRecord, TableRecord } from "./schema.ts";
import { invalidParameters } from "./schema-keys.ts";
import type { PlanContext, SseSpecification, StreamSpecification, TableClass } from "./schema-request.ts";

const DEFAULT_KEY = "alias/aws/dynamodb";
const TABLE_CLASSES: readonly string[] = ["STANDARD", "STANDARD_INFREQUENT_ACCESS"] satisfies TableClass[];

/** The class that was asked for; undefined when none was. Throws `ApiError`. */
export function checkTableClass(requested: string | undefined): TableClass | undefined {
  if (requested === undefined || isTableClass(requested)) return requested;
  throw validation(
    "Invalid table-class parameter provided. Please try again with a valid table-class value: " +
      `[${TABLE_CLASSES.join(", ")}].`,
  );
}

const isTableClass = (value: string): value is TableClass => TABLE_CLASSES.includes(value);

/** Refuses a stream specification of a new table that contradicts itself. Throws `ApiError`. */
export function checkNewStream(requested: StreamSpecification | undefined): void {
  if (requested === undefined) return;
  if (requested.StreamEnabled && requested.StreamViewType === undefined) {
    throw invalidParameters("Table is being created with a stream enabled, UpdateViewType is required");
  }
  if (!requested.StreamEnabled && requested.StreamViewType !== undefined) {
    throw invalidParameters(
      "Table is being created with a stream disabled, UpdateViewType should not be specified",
    );
  }
}

/** Refuses a stream specification of an update that contradicts itself. Throws `ApiError`. */
export function checkStreamChange(requested: StreamSpecification | undefined): void {
  if (requested === undefined) return;
  if (requested.StreamEnabled && requested.StreamViewType === undefined) {
    throw invalidParameters("If stream is being enabled then UpdateViewType is required");
  }
  if (!requested.StreamEnabled && requested.StreamViewType !== undefined) {
    throw invalidParameters("If stream is being disabled, then UpdateViewType must not be specified");
  }
}

/** The stream to enable; undefined when none is asked for. Its label sorts after `latestLabel`. */
export function planStream(
  requested: StreamSpecification | undefined,
  latestLabel: string | undefined,
  { now, newId }: PlanContext,
): StreamRecord | undefined {
  if (requested?.StreamEnabled !== true || requested.StreamViewType === undefined) return undefined;
  return {
    viewType: requested.StreamViewType,
    feedId: newId(),
    label: streamLabel(latestLabel === undefined ? now : Math.max(now, streamLabelMs(latestLabel) + 1)),
  };
}

/** UTC time as yyyy-MM-ddTHH:mm:ss.SSS. */
const streamLabel = (ms: number): string => new Date(ms).toISOString().slice(0, -1);

/** The time that a label says, in milliseconds since the epoch. */
export const streamLabelMs = (label: string): number => Date.parse(`${label}Z`);

/** Refuses an encryption request that contradicts itself. Throws `ApiError`. */
export function checkEncryption(requested: SseSpecification | undefined): void {
  if (requested === undefined) return;
  const { Enabled, SSEType, KMSMasterKeyId } = requested;
  if (Enabled === false) {
    if (SSEType !== undefined) throw invalidParameters("SSEType can not be specified if Enabled is false");
    if (KMSMasterKeyId !== undefined) {
      throw invalidParameters("KMSMasterKeyId can not be specified if Enabled is false");
    }
  }
  if (KMSMasterKeyId !== undefined && SSEType === undefined) {
    throw invalidParameters("SSEType KMS is required if KMSMasterKeyId is specified");
  }
  if (SSEType === "AES256") throw invalidParameters("SSEType AES256 is not supported");
}

/** The key that a checked encryption request asks for; undefined for the service's own key. */
export function planEncryption(
  requested: SseSpecification | undefined,
  { accountId, region }: Pick<PlanContext, "accountId" | "region">,
): TableRecord["sse"] {
  if (requested === undefined || requested.Enabled === false) return undefined;
  if (requested.Enabled === undefined && requested.SSEType === undefined) return undefined;
  const key = requested.KMSMasterKeyId ?? DEFAULT_KEY;
  if (key.startsWith("arn:")) return { kmsMasterKeyArn: key };
  const resource = key.startsWith("alias/") ? key : `key/${key}`;
  return { kmsMasterKeyArn: `arn:aws:kms:${region}:${accountId}:${resource}` };
}
