import { listStreamsInput } from "../protocol/inputs/streams.ts";
import { type Stream, streamArn } from "../tables/stream.ts";
import { json, operation } from "./operation.ts";
import { checkStreamArn } from "./stream-of.ts";

const PAGE_STREAMS_MAX = 100;

export const listStreams = operation({
  name: "ListStreams",
  input: listStreamsInput,
  prepare({ TableName, Limit, ExclusiveStartStreamArn: after }) {
    if (after !== undefined) checkStreamArn(after);
    return { tableName: TableName, after, limit: Limit ?? PAGE_STREAMS_MAX };
  },
  execute({ tableName, after, limit }, { catalog }) {
    const { streams, more } = catalog.streams.list(tableName, after, limit);
    const described = streams.map(describe);
    return json({
      Streams: described,
      LastEvaluatedStreamArn: more ? described.at(-1)?.StreamArn : undefined,
    });
  },
});

const describe = (stream: Stream) => ({
  StreamArn: streamArn(stream),
  TableName: stream.tableName,
  StreamLabel: stream.label,
});
