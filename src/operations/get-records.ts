import { expiredIterator, validation } from "../errors.ts";
import { getRecordsInput } from "../protocol/inputs/streams.ts";
import { sha256 } from "../runtime/digest.ts";
import { TimeSlice } from "../runtime/time-slice.ts";
import { type ItemChange, itemChange } from "../tables/change-stream.ts";
import type { Stream } from "../tables/stream.ts";
import { sequenceNumberOf } from "../tables/stream-position.ts";
import { operation } from "./operation.ts";
import { shardOf, streamOf } from "./stream-of.ts";

const PAGE_RECORDS_MAX = 1000;

/** An iterator is good for this long. */
const ITERATOR_MS = 15 * 60_000;

/** Who deletes items whose time has come. */
const SERVICE = ',"userIdentity":{"PrincipalId":"dynamodb.amazonaws.com","Type":"Service"}';

export const getRecords = operation({
  name: "GetRecords",
  input: getRecordsInput,
  prepare: ({ ShardIterator, Limit }) => ({ iterator: ShardIterator, limit: Limit ?? PAGE_RECORDS_MAX }),
  async execute({ iterator: text, limit }, context) {
    const { streams } = context.catalog;
    const signer = await streams.signer();
    const iterator = signer.read(text);
    if (iterator === undefined) throw validation("Invalid ShardIterator");
    const { streamArn, shardId, after, issuedMs } = iterator;
    const now = context.clock.now();
    if (now - issuedMs > ITERATOR_MS) throw expiredIterator(issuedMs, now, ITERATOR_MS);
    const stream = streamOf(streamArn, context);
    const { records, next } = await streams.read(stream, shardOf(stream, shardId, context), after, limit);
    const texts: string[] = [];
    const time = new TimeSlice();
    for (const record of records) {
      if (time.isOver) await time.next();
      texts.push(recordText(stream, shardId, itemChange(record, stream)));
    }
    const goOn =
      next === undefined
        ? ""
        : `,"NextShardIterator":"${signer.issue({ streamArn, shardId, after: next, issuedMs: now })}"`;
    return `{"Records":[${texts.join(",")}]${goOn}}`;
  },
});

/** A record as JSON. Images are copied as they are stored: they are what the service sends. */
function recordText(stream: Stream, shardId: string, change: ItemChange): string {
  const { position, time, kind, isExpiry, key, newImage, oldImage, sizeBytes } = change;
  const sequenceNumber = sequenceNumberOf(position);
  return (
    `{"eventID":"${eventId(stream, shardId, sequenceNumber)}","eventName":"${kind}","eventVersion":"1.1",` +
    `"eventSource":"aws:dynamodb","awsRegion":"${stream.region}",` +
    `"dynamodb":{"ApproximateCreationDateTime":${Math.floor(time / 1000)},"Keys":${JSON.stringify(key)},` +
    (newImage === undefined ? "" : `"NewImage":${newImage.jsonText},`) +
    (oldImage === undefined ? "" : `"OldImage":${oldImage.jsonText},`) +
    `"SequenceNumber":"${sequenceNumber}","SizeBytes":${sizeBytes},"StreamViewType":"${stream.viewType}"}` +
    `${isExpiry ? SERVICE : ""}}`
  );
}

/** 32 hexadecimal digits, the same each time the record is read. */
const eventId = ({ feedId }: Stream, shardId: string, sequenceNumber: string): string =>
  Buffer.from(sha256(`${feedId}/${shardId}/${sequenceNumber}`)).toString("hex", 0, 16);
