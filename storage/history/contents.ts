import type { VarintReader, VarintWriter } from "./varints.ts";

/** Bytes of a feed's changes in each space. */
type FeedShares = Map<number, number>;

/** How much of a log segment or an archive belongs to which space and feed, by their numbers. Everything that has a record in it is there. */
export class Contents {
  /** Bytes of the rows of each space. */
  readonly spaces = new Map<number, number>();
  /** Bytes of the changes of each feed, rows included, by the space that changed. */
  readonly feeds = new Map<number, FeedShares>();

  addSpace(space: number, bytes: number): void {
    this.spaces.set(space, (this.spaces.get(space) ?? 0) + bytes);
  }

  addFeed(feed: number, space: number, bytes: number): void {
    let shares = this.feeds.get(feed);
    if (shares === undefined) {
      shares = new Map();
      this.feeds.set(feed, shares);
    }
    shares.set(space, (shares.get(space) ?? 0) + bytes);
  }

  /** Adds what `parts` says, which is what another one's `parts` were. */
  static of({ spaces, feeds }: ContentParts): Contents {
    const contents = new Contents();
    for (const [space, bytes] of spaces) contents.addSpace(space, bytes);
    for (const [feed, space, bytes] of feeds) contents.addFeed(feed, space, bytes);
    return contents;
  }

  /** As plain lists, for the manifest. */
  get parts(): ContentParts {
    const feeds = [...this.feeds].flatMap(([feed, shares]) =>
      [...shares].map(([space, bytes]) => [feed, space, bytes] as const),
    );
    return { spaces: [...this.spaces], feeds };
  }

  /** Varints: spaces (number, bytes)*, feeds (number, space, bytes)*, each list after its count. */
  encode(out: VarintWriter): void {
    const { spaces, feeds } = this.parts;
    out.add(spaces.length);
    for (const entry of spaces) out.add(...entry);
    out.add(feeds.length);
    for (const entry of feeds) out.add(...entry);
  }

  /** Adds what `encode` wrote. */
  decode(from: VarintReader): void {
    for (let left = from.count(2); left > 0; left--) this.addSpace(from.next(), from.next());
    for (let left = from.count(3); left > 0; left--) this.addFeed(from.next(), from.next(), from.next());
  }
}

export interface ContentParts {
  readonly spaces: readonly (readonly [space: number, bytes: number])[];
  readonly feeds: readonly (readonly [feed: number, space: number, bytes: number])[];
}
