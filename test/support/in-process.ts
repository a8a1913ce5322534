import { createWire, type Wire } from "../../src/http/wire.ts";
import { systemClock } from "../../src/runtime/clock.ts";
import { createLog } from "../../src/runtime/log.ts";
import { Objects } from "../../src/runtime/objects.ts";
import { Catalog, type CatalogOptions } from "../../src/tables/catalog.ts";
import { IdempotencyTokens } from "../../src/tables/idempotency.ts";
import { InFlightRows } from "../../src/tables/in-flight.ts";
import { TimeToLiveSweeper } from "../../src/tables/time-to-live-sweeper.ts";
import { Transfers } from "../../src/transfer/transfers.ts";
import type { Store } from "../../storage/index.ts";
import { targetOf } from "./call.ts";

const AUTHORIZATION =
  "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/dynamodb/aws4_request, SignedHeaders=host, Signature=00";

export interface Answer {
  readonly status: number;
  /** The exception's name, without its prefix; undefined on success. */
  readonly error: string | undefined;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface InProcess {
  readonly catalog: Catalog;
  /** To be closed before the catalog, where a test has exports or imports. */
  readonly transfers: Transfers;
  /** The protocol itself, for a test that puts a socket before it. */
  readonly wire: Wire;
  /** Not started: a test sweeps when it wants to. */
  readonly sweeper: TimeToLiveSweeper;
  /** Performs an operation through the whole protocol, without a socket; `DynamoDBStreams_20120810.X` is taken as it is. */
  call(operation: string, input: object): Promise<Answer>;
}

/** The DynamoDB protocol over any store, in this process. */
export async function inProcess(
  store: Store,
  {
    transactionConflicts = false,
    s3Dir,
    ...options
  }: Partial<
    Pick<CatalogOptions, "clock" | "tableDelayMs" | "itemCollectionBytesMax" | "streamShards" | "pitrLagMs">
  > & {
    readonly transactionConflicts?: boolean;
    readonly s3Dir?: string;
  } = {},
): Promise<InProcess> {
  const clock = options.clock ?? systemClock;
  const log = createLog({
    format: "text",
    level: "error",
    now: () => clock.now(),
    write: (line) => process.stderr.write(line),
  });
  const catalog = await Catalog.open({ tableDelayMs: 0, ...options, store, clock, log });
  const transfers = await Transfers.open({
    catalog,
    clock,
    log,
    objects: new Objects(s3Dir),
    tableDelayMs: options.tableDelayMs ?? 0,
  });
  const services = {
    catalog,
    transfers,
    inFlight: transactionConflicts ? new InFlightRows() : undefined,
    tokens: new IdempotencyTokens(store, clock),
    clock,
    accountId: "000000000000",
  };
  const wire = createWire(services, "us-east-1", log);
  return {
    catalog,
    transfers,
    wire,
    sweeper: new TimeToLiveSweeper({ services, clock, log, intervalMs: 0 }),
    call: async (operation, input) => {
      const headers = new Headers({
        "content-type": "application/x-amz-json-1.0",
        "x-amz-target": targetOf(operation),
        "x-amz-date": "20260101T000000Z",
        authorization: AUTHORIZATION,
      });
      const answer = await wire({ headers, query: "", body: Buffer.from(JSON.stringify(input)) });
      const text = typeof answer.body === "string" ? answer.body : Buffer.from(answer.body).toString("utf8");
      const body = (text === "" ? {} : JSON.parse(text)) as Record<string, unknown>;
      const type = body["__type"];
      const error = typeof type === "string" ? type.slice(type.indexOf("#") + 1) : undefined;
      return { status: answer.status, error, body };
    },
  };
}
