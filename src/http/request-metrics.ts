import { registry } from "../operations/registry.ts";
import { Histogram, type Metric, type Sample, single } from "../runtime/metrics.ts";

const DURATION_BOUNDS_MS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000, 2500];
const NO_FAILURES: ReadonlyMap<string, number> = new Map();

/** Requests that take so long, or longer, are reported one by one. */
export interface SlowRequests {
  readonly ms: number;
  readonly report: (operation: string, outcome: string, ms: number) => void;
}

const NONE_SLOW: SlowRequests = { ms: Number.POSITIVE_INFINITY, report: () => undefined };

/** The requests of one operation: how they ended, and how long they took, from body read to answer made. */
export class OperationTally {
  readonly operation: string;
  readonly durations = new Histogram(DURATION_BOUNDS_MS);
  readonly #slow: SlowRequests;
  #successes = 0;
  #failures: Map<string, number> | undefined;

  constructor(operation: string, slow: SlowRequests) {
    this.operation = operation;
    this.#slow = slow;
  }

  succeed(ms: number): void {
    this.#successes += 1;
    this.#observe("success", ms);
  }

  /** `outcome`: the exception's name, one of those that the service has. */
  fail(outcome: string, ms: number): void {
    this.#failures ??= new Map();
    this.#failures.set(outcome, (this.#failures.get(outcome) ?? 0) + 1);
    this.#observe(outcome, ms);
  }

  #observe(outcome: string, ms: number): void {
    this.durations.observe(ms);
    if (ms >= this.#slow.ms) this.#slow.report(this.operation, outcome, ms);
  }

  *outcomes(): Iterable<Sample> {
    const { operation } = this;
    if (this.#successes > 0) yield { labels: { operation, outcome: "success" }, value: this.#successes };
    for (const [outcome, value] of this.#failures ?? NO_FAILURES) {
      yield { labels: { operation, outcome }, value };
    }
  }
}

/** Counts the requests of all operations. Operations that were never asked for are not shown. */
export class RequestMetrics {
  inFlight = 0;
  readonly #byTarget: ReadonlyMap<string, OperationTally>;
  /** Requests for no operation that there is. */
  readonly #unknown: OperationTally;

  constructor(slow: SlowRequests = NONE_SLOW) {
    this.#unknown = new OperationTally("unknown", slow);
    this.#byTarget = new Map(
      registry.map(({ service, name }) => [`${service}_20120810.${name}`, new OperationTally(name, slow)]),
    );
  }

  /** Of an X-Amz-Target header. */
  tally(target: string | null): OperationTally {
    return (target === null ? undefined : this.#byTarget.get(target)) ?? this.#unknown;
  }

  metrics(): Metric[] {
    const asked = [...this.#byTarget.values(), this.#unknown]
      .map((tally) => ({ tally, outcomes: [...tally.outcomes()] }))
      .filter(({ outcomes }) => outcomes.length > 0);
    return [
      {
        name: "walnut_requests_total",
        type: "counter",
        help: "Requests answered, by operation and outcome: success, or the name of the exception",
        samples: asked.flatMap(({ outcomes }) => outcomes),
      },
      {
        name: "walnut_request_duration_seconds",
        type: "histogram",
        help: "From the body being read to the answer being made, by operation, whatever the outcome",
        samples: asked.flatMap(({ tally }) => tally.durations.samples({ operation: tally.operation })),
      },
      single("walnut_requests_in_flight", "gauge", "Requests being worked on", this.inFlight),
    ];
  }
}
