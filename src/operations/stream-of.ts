import { resourceNotFound, validation } from "../errors.ts";
import { isShardGone, type Shard, type Stream } from "../tables/stream.ts";
import type { Context } from "./operation.ts";

const STREAM_ARN = /^arn:[^:]+:dynamodb:[^:]+:\d+:table\/[^/]+\/stream\/.+$/;

/** A stream's ARN as a client gave it, well formed. Throws `ApiError`. */
export function checkStreamArn(arn: string): string {
  if (!STREAM_ARN.test(arn)) throw validation(`Invalid StreamArn: ${arn}`);
  return arn;
}

/** The stream with that ARN. Throws ResourceNotFound. */
export function streamOf(arn: string, { catalog }: Context): Stream {
  const stream = catalog.streams.find(arn);
  if (stream === undefined) throw resourceNotFound(`Requested resource not found: Stream: ${arn} not found`);
  return stream;
}

/** The stream's shard of that id. Throws ResourceNotFound when there is none, or its records are past retention. */
export function shardOf(stream: Stream, shardId: string, { clock }: Context): Shard {
  const shard = stream.shards.find((each) => each.shardId === shardId);
  if (shard === undefined || isShardGone(shard, clock.now())) {
    throw resourceNotFound("Requested resource not found: Shard does not exist");
  }
  return shard;
}
