import type { ArchiveWants } from "./archive-job.ts";
import type { HistorySource } from "./source.ts";

/** What to do next with the sources of the past. Each step leaves them in order, and something for the next look. */
export type HistoryStep =
  /** The oldest segments hold nothing that is wanted. */
  | { readonly kind: "removeSegments"; readonly count: number }
  | { readonly kind: "removeArchives"; readonly archives: readonly number[] }
  /** What is wanted of the oldest segments goes into an archive. */
  | { readonly kind: "archiveSegments"; readonly count: number }
  /** What is wanted of these adjacent archives goes into one; by their places in the list. */
  | { readonly kind: "rewriteArchives"; readonly from: number; readonly count: number };

export interface PlanInput {
  /** Oldest first. */
  readonly archives: readonly HistorySource[];
  /** Closed segments whose rows are all in SSTables, oldest first. */
  readonly segments: readonly HistorySource[];
  readonly wants: ArchiveWants;
  /** Segments that end before this log time are archived even if all of them is wanted: compressed, and without old values. */
  readonly archiveBefore: number;
  /** A stretch is rewritten when more than this share of it is not wanted. */
  readonly unwantedShareMin: number;
  /** A stretch of segments smaller than this is not worth a file of its own yet. */
  readonly stretchBytesMin: number;
  /** No archive is made of more than this, or becomes larger. */
  readonly archiveBytesMax: number;
}

/** With more closed segments than this a start takes long: they are archived whatever they hold. */
const segmentsMax = 64;
/** So many small neighbours become one archive. */
const mergedMin = 8;

/** Chooses the next step; undefined when all is as it should be. Pure. */
export function planHistory(input: PlanInput): HistoryStep | undefined {
  const { archives, segments, wants } = input;
  const dead = archives.flatMap((archive, place) => (isWanted(archive, wants) ? [] : [place]));
  if (dead.length > 0) return { kind: "removeArchives", archives: dead };
  const firstWanted = segments.findIndex((segment) => isWanted(segment, wants));
  const count = firstWanted < 0 ? segments.length : firstWanted;
  if (count > 0) return { kind: "removeSegments", count };
  return planSegments(input) ?? planArchives(input);
}

function planSegments(input: PlanInput): HistoryStep | undefined {
  const { segments, archiveBefore, unwantedShareMin, stretchBytesMin, archiveBytesMax, wants } = input;
  let [bytes, unwantedBytes, old, count] = [0, 0, 0, 0];
  for (const segment of segments) {
    if (count > 0 && bytes + segment.bytes > archiveBytesMax) break;
    bytes += segment.bytes;
    unwantedBytes += unwantedShare(segment, wants) * segment.bytes;
    count += 1;
    if (segment.lastTime < archiveBefore) old += 1;
  }
  if (bytes >= stretchBytesMin && unwantedBytes > bytes * unwantedShareMin)
    return { kind: "archiveSegments", count };
  if (old > 0) return { kind: "archiveSegments", count: old };
  return segments.length > segmentsMax ? { kind: "archiveSegments", count } : undefined;
}

function planArchives({
  archives,
  wants,
  unwantedShareMin,
  archiveBytesMax,
}: PlanInput): HistoryStep | undefined {
  const from = archives.findIndex((archive) => unwantedShare(archive, wants) > unwantedShareMin);
  if (from >= 0) return { kind: "rewriteArchives", from, count: 1 };
  // Each is rewritten once for every time that the files become eight times larger.
  let start = 0;
  for (let end = 0; end < archives.length; end++) {
    if ((archives[end]?.bytes ?? 0) > archiveBytesMax / mergedMin) start = end + 1;
    else if (end + 1 - start === mergedMin) return { kind: "rewriteArchives", from: start, count: mergedMin };
  }
  return undefined;
}

/** Whether anything in a source is wanted. */
function isWanted(source: HistorySource, wants: ArchiveWants): boolean {
  const { spaces, feeds } = source.contents;
  for (const feed of feeds.keys()) if (wants.keepsFeed(feed, source)) return true;
  for (const space of spaces.keys()) if (wants.keepsSpace(space, source)) return true;
  return false;
}

/** About which share of a source would go if it were rewritten, 0 to 1. */
function unwantedShare(source: HistorySource, wants: ArchiveWants): number {
  const { spaces, feeds } = source.contents;
  const unwanted = new Map<number, number>();
  let bytes = 0;
  for (const [space, spaceBytes] of spaces) {
    bytes += spaceBytes;
    if (!wants.keepsSpace(space, source)) unwanted.set(space, spaceBytes);
  }
  // Rows of spaces that are not wanted may be there for feeds that are.
  for (const [feed, shares] of feeds) {
    if (!wants.keepsFeed(feed, source)) continue;
    for (const [space, feedBytes] of shares) unwanted.set(space, (unwanted.get(space) ?? 0) - feedBytes);
  }
  let unwantedBytes = 0;
  for (const spaceBytes of unwanted.values()) unwantedBytes += Math.max(0, spaceBytes);
  return bytes === 0 ? 0 : unwantedBytes / bytes;
}
