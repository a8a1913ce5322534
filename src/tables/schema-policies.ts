/** The policies of a table and of its streams: which there are, and what becomes of them. Kept and given back; nobody is refused by them. */
import { policyNotFound } from "../errors.ts";
import type { PolicyRecord, TableRecord } from "./schema.ts";

/** What a request expects where it expects no policy. */
const NO_POLICY = "NO_POLICY";
const NOT_FOUND = "Resource-based policy not found for the provided ResourceArn: ";

/** A table (`streamLabel` undefined), or one of its streams. */
export interface PolicyOwner {
  readonly arn: string;
  readonly streamLabel: string | undefined;
}

export const policyOf = (record: TableRecord, { streamLabel }: PolicyOwner): PolicyRecord | undefined =>
  record.policies?.find((each) => each.streamLabel === streamLabel);

/** The policy that must be there. Throws PolicyNotFoundException. */
export function existingPolicy(record: TableRecord, owner: PolicyOwner): PolicyRecord {
  const policy = policyOf(record, owner);
  if (policy === undefined) throw policyNotFound(NOT_FOUND + owner.arn);
  return policy;
}

/** Refuses a change that was prepared for another state than the policy is in. Throws PolicyNotFoundException. */
export function checkRevision(
  { tableName }: TableRecord,
  current: PolicyRecord | undefined,
  expected: string | undefined,
): void {
  if (expected === undefined) return;
  if (expected === NO_POLICY) {
    if (current === undefined) return;
    throw policyNotFound(
      `${NOT_FOUND}Requested policy update expecting none to be present for table ${tableName}, ` +
        `but a policy exists with revision id ${current.revisionId}.`,
    );
  }
  if (current?.revisionId === expected) return;
  const found =
    current === undefined
      ? `no policy is associated to target table ${tableName}.`
      : `the policy associated to target table ${tableName} has revision id ${current.revisionId}.`;
  throw policyNotFound(`${NOT_FOUND}Requested update for policy with revision id ${expected}, but ${found}`);
}

/** The record with that policy, or without any (undefined). */
export function withPolicy(
  record: TableRecord,
  { streamLabel }: PolicyOwner,
  policy: Omit<PolicyRecord, "streamLabel"> | undefined,
): TableRecord {
  const others = (record.policies ?? []).filter((each) => each.streamLabel !== streamLabel);
  const owned = streamLabel === undefined ? {} : { streamLabel };
  return { ...record, policies: policy === undefined ? others : [...others, { ...owned, ...policy }] };
}
