import type { FeedId, Key, SpaceId } from "../store.ts";

/** Keys between two bounds, as in `RangeRequest`; an absent bound is open. */
export interface KeyRange {
  readonly ge?: Key;
  readonly gt?: Key;
  readonly lt?: Key;
  readonly le?: Key;
}

/** What a problem means for the data. */
export type Loss =
  /**
   * Rows of a space (or of what a checkpoint holds of it) cannot be read: at most `rowsMax` of those in the range. `older`: where one is missing,
   * an older version of it may lie below, and nothing tells which rows were there.
   */
  | {
      readonly kind: "rows";
      readonly space: SpaceId;
      readonly checkpoint?: string;
      readonly range: KeyRange;
      readonly rowsMax: number;
      readonly older: boolean;
    }
  /** These commits, as far as no SSTable holds their rows. `last` undefined: to an end that nothing tells. */
  | { readonly kind: "commits"; readonly first: number; readonly last: number | undefined }
  /** Change records of these commits, whose rows are safe in SSTables. */
  | {
      readonly kind: "changes";
      readonly feeds: readonly FeedId[];
      readonly first: number;
      readonly last: number;
    }
  /** Change records up to this commit, whole or not: a reader must not miss that there is a gap. */
  | { readonly kind: "trimmed"; readonly feeds: readonly FeedId[]; readonly last: number }
  /** Rows of a space that the manifest does not know, of which the log speaks. */
  | { readonly kind: "unknownSpace"; readonly number: number }
  /** A space cannot be restored to an instant before its next checkpoint after these commits. */
  | { readonly kind: "past"; readonly space: SpaceId; readonly first: number; readonly last: number }
  /** What happened to the store's files after a record of its manifest: spaces, feeds, SSTables that came and went. */
  | { readonly kind: "edits"; readonly after: number };

/** One thing that is not as it was written. */
export interface Problem {
  readonly file: string;
  readonly offset: number;
  readonly what: string;
  /** Empty: all that the file held is there all the same. */
  readonly losses: readonly Loss[];
}

export function problemText({ file, offset, what }: Problem): string {
  return `${file} at byte ${offset}: ${what}`;
}

/** A loss in words. `nameOf`: what a space is called by those who know. */
export function lossText(
  loss: Loss,
  nameOf: (space: SpaceId) => string = (space) => `space ${space}`,
): string {
  switch (loss.kind) {
    case "rows": {
      const where = loss.checkpoint === undefined ? "" : `checkpoint ${loss.checkpoint}, `;
      const older = loss.older ? ", or an earlier state of them" : "";
      return `${where}${nameOf(loss.space)}: up to ${loss.rowsMax} rows${older}, keys ${rangeText(loss.range)}`;
    }
    case "commits":
      return `${spanText(loss.first, loss.last)}, as far as no SSTable holds their rows`;
    case "changes":
      return `change records of ${spanText(loss.first, loss.last)} of ${feedsText(loss.feeds)}`;
    case "trimmed":
      return `change records up to commit ${loss.last} of ${feedsText(loss.feeds)}: readers that are behind it are told`;
    case "unknownSpace":
      return `all rows of space number ${loss.number}, which the manifest does not know`;
    case "past":
      return `the past of ${nameOf(loss.space)} with ${spanText(loss.first, loss.last)}, and all before it`;
    case "edits":
      return `what became of spaces, feeds and SSTables after record ${loss.after} of the manifest`;
  }
}

const feedsText = (feeds: readonly FeedId[]) =>
  `${feeds.length === 1 ? "feed" : "feeds"} ${feeds.join(", ")}`;

function spanText(first: number, last: number | undefined): string {
  if (last === undefined) return `commits from ${first} on`;
  return first === last ? `commit ${first}` : `commits ${first} to ${last}`;
}

export function rangeText({ ge, gt, lt, le }: KeyRange): string {
  const lower =
    ge !== undefined ? `from ${keyText(ge)}` : gt !== undefined ? `after ${keyText(gt)}` : "from the first";
  const upper =
    le !== undefined ? `to ${keyText(le)}` : lt !== undefined ? `before ${keyText(lt)}` : "to the last";
  return `${lower} ${upper}`;
}

/** A key in quotes: printable ASCII as it is, other bytes as \xNN. */
export function keyText(key: Key): string {
  const text = key.replace(/[^ !#-[\]-~]/g, (byte) => {
    return `\\x${byte.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
  return `"${text}"`;
}

export function isInRange(key: Key, { ge, gt, lt, le }: KeyRange): boolean {
  return (
    (ge === undefined || key >= ge) &&
    (gt === undefined || key > gt) &&
    (lt === undefined || key < lt) &&
    (le === undefined || key <= le)
  );
}
