import { trimmedDataAccess, validation } from "../errors.ts";
import { getShardIteratorInput } from "../protocol/inputs/streams.ts";
import { endOf, type Shard, type Stream } from "../tables/stream.ts";
import { positionBefore, positionOf } from "../tables/stream-position.ts";
import { type Context, json, operation } from "./operation.ts";
import { checkStreamArn, shardOf, streamOf } from "./stream-of.ts";

export const getShardIterator = operation({
  name: "GetShardIterator",
  input: getShardIteratorInput,
  prepare({ StreamArn, ShardId, ShardIteratorType: type, SequenceNumber: number }) {
    const isNumbered = type === "AT_SEQUENCE_NUMBER" || type === "AFTER_SEQUENCE_NUMBER";
    if (isNumbered && number === undefined) {
      throw validation(`SequenceNumber must be specified when ShardIteratorType is ${type}`);
    }
    if (!isNumbered && number !== undefined) {
      throw validation(`SequenceNumber must not be specified when ShardIteratorType is ${type}`);
    }
    if (number !== undefined && !/^\d+$/.test(number)) throw invalidSequenceNumber(number);
    return { arn: checkStreamArn(StreamArn), shardId: ShardId, type, number };
  },
  async execute({ arn, shardId, type, number }, context) {
    const { clock, catalog } = context;
    const stream = streamOf(arn, context);
    const shard = shardOf(stream, shardId, context);
    const after = await startOf(stream, shard, type, number, context);
    const issuedMs = clock.now();
    const signer = await catalog.streams.signer();
    return json({ ShardIterator: signer.issue({ streamArn: arn, shardId, after, issuedMs }) });
  },
});

const invalidSequenceNumber = (number: string) => validation(`Invalid SequenceNumber: ${number}`);

/** The position after which the iterator begins to read. */
async function startOf(
  stream: Stream,
  shard: Shard,
  type: string,
  number: string | undefined,
  { catalog }: Context,
): Promise<string> {
  const { reader } = catalog.streams;
  if (number === undefined) {
    return await (type === "LATEST" ? reader.newest(stream, shard) : reader.oldest(stream, shard));
  }
  const position = positionOf(number);
  if (position === undefined || position < shard.from || position > endOf(shard)) {
    throw invalidSequenceNumber(number);
  }
  if (position <= (await reader.goneTo(stream, shard))) throw trimmedDataAccess();
  return type === "AT_SEQUENCE_NUMBER" ? positionBefore(position) : position;
}
