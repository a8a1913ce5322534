import { validation } from "../errors.ts";
import { describeStreamInput } from "../protocol/inputs/streams.ts";
import { isShardGone, type Shard } from "../tables/stream.ts";
import { sequenceNumberOf } from "../tables/stream-position.ts";
import { json, operation } from "./operation.ts";
import { checkStreamArn, streamOf } from "./stream-of.ts";

const PAGE_SHARDS_MAX = 100;

export const describeStream = operation({
  name: "DescribeStream",
  input: describeStreamInput,
  prepare({ StreamArn, Limit, ExclusiveStartShardId, ShardFilter }) {
    return {
      arn: checkStreamArn(StreamArn),
      after: ExclusiveStartShardId ?? "",
      limit: Limit ?? PAGE_SHARDS_MAX,
      parent: ShardFilter === undefined ? undefined : parentOf(ShardFilter),
    };
  },
  execute({ arn, after, limit, parent }, context) {
    const { clock, catalog } = context;
    const stream = streamOf(arn, context);
    const status = catalog.streams.statusOf(stream);
    const now = clock.now();
    const shards = status === "ENABLING" ? [] : stream.shards.filter((shard) => !isShardGone(shard, now));
    const wanted = parent === undefined ? shards : shards.filter((shard) => shard.parentShardId === parent);
    const rest = wanted.filter((shard) => shard.shardId > after);
    const page = rest.slice(0, limit);
    return json({
      StreamDescription: {
        StreamArn: arn,
        StreamLabel: stream.label,
        StreamStatus: status,
        StreamViewType: stream.viewType,
        CreationRequestDateTime: stream.createdMs / 1000,
        TableName: stream.tableName,
        KeySchema: stream.keySchema,
        Shards: page.map(describeShard),
        LastEvaluatedShardId: rest.length > page.length ? page.at(-1)?.shardId : undefined,
      },
    });
  },
});

/** The shard whose children are asked for. */
function parentOf({ Type, ShardId }: { readonly Type?: string; readonly ShardId?: string }): string {
  if (Type === undefined || ShardId === undefined) {
    throw validation("One or more parameter values were invalid: ShardFilter requires both Type and ShardId");
  }
  return ShardId;
}

const describeShard = ({ shardId, parentShardId, from, closed }: Shard) => ({
  ShardId: shardId,
  SequenceNumberRange: {
    StartingSequenceNumber: sequenceNumberOf(from),
    EndingSequenceNumber: closed === undefined ? undefined : sequenceNumberOf(closed.to),
  },
  ParentShardId: parentShardId,
});
