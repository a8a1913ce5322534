import type { Salt, SegmentLink, SegmentSummary, WalMode } from "./format.ts";

/** What is known of one segment, sealed or active. Offsets and sums grow while it is active. */
export interface Segment extends SegmentSummary {
  readonly id: number;
  readonly path: string;
  readonly salt: Salt;
  readonly mode: WalMode;
  readonly predecessor: SegmentLink;
  /** No commit in it has a lower sequence. */
  readonly firstSequence: number;
  /** The latest log time that any of its frames, or its header, carries. */
  time: number;
  /** The last sequence used up to its end. */
  lastSequence: number;
  /** End of its last frame. */
  bytes: number;
  /** Running hash over its frames' headers. */
  hash: number;
  /** Closed by a footer. */
  sealed: boolean;
}

/** How the successor of a sealed segment names it. */
export function linkTo(segment: Segment): SegmentLink {
  return {
    id: segment.id,
    bytes: segment.bytes,
    lastSequence: segment.lastSequence,
    hash: segment.hash,
  };
}
