import { structure } from "../protocol/shapes.ts";
import { json, operation } from "./operation.ts";

const CACHE_PERIOD_MINUTES = 1440;

/** Answers the address the client used: it accepts further calls, which is all that endpoint discovery asks. */
export const describeEndpoints = operation({
  name: "DescribeEndpoints",
  input: structure("DescribeEndpointsRequest", {}),
  prepare: () => undefined,
  execute: (_, context) =>
    json({
      Endpoints: [
        { Address: context.headers.get("host") ?? "localhost", CachePeriodInMinutes: CACHE_PERIOD_MINUTES },
      ],
    }),
});
