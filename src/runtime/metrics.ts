/** Figures for Prometheus: what a metric is, and the text that shows all of them (exposition format 0.0.4). */

export type MetricType = "counter" | "gauge" | "histogram";

export interface Sample {
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** What follows the metric's name: histograms have "_bucket", "_sum" and "_count". */
  readonly suffix?: string;
}

/** A metric and its values at one moment. Counters end in "_total"; units are seconds and bytes. */
export interface Metric {
  readonly name: string;
  readonly type: MetricType;
  /** One sentence without its full stop. */
  readonly help: string;
  readonly samples: readonly Sample[];
}

/** A metric with one value. */
export const single = (name: string, type: MetricType, help: string, value: number): Metric => ({
  name,
  type,
  help,
  samples: [{ value }],
});

export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

/** The page that a scraper reads. */
export function exposition(metrics: readonly Metric[]): string {
  const lines: string[] = [];
  for (const { name, type, help, samples } of metrics) {
    lines.push(`# HELP ${name} ${help.replaceAll("\\", "\\\\").replaceAll("\n", "\\n")}`);
    lines.push(`# TYPE ${name} ${type}`);
    for (const sample of samples) {
      lines.push(`${name}${sample.suffix ?? ""}${labelText(sample.labels)} ${numberText(sample.value)}`);
    }
  }
  return `${lines.join("\n")}\n`;
}

function labelText(labels: Sample["labels"]): string {
  if (labels === undefined) return "";
  const pairs = Object.entries(labels).map(([name, value]) => `${name}="${escaped(value)}"`);
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

const escaped = (value: string): string =>
  value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}

/** How often something took how long: counts in fixed buckets. To observe is a few comparisons and two additions. */
export class Histogram {
  readonly #boundsMs: readonly number[];
  readonly #counts: number[];
  #sumMs = 0;

  /** Upper bounds in milliseconds, ascending; what is above the last has a bucket of its own. */
  constructor(boundsMs: readonly number[]) {
    this.#boundsMs = boundsMs;
    this.#counts = new Array(boundsMs.length + 1).fill(0);
  }

  observe(ms: number): void {
    const bounds = this.#boundsMs;
    let bucket = 0;
    while (bucket < bounds.length && ms > (bounds[bucket] ?? 0)) bucket += 1;
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#sumMs += ms;
  }

  /** In seconds, and cumulative, as Prometheus wants them. */
  samples(labels: Readonly<Record<string, string>> = {}): Sample[] {
    let count = 0;
    const buckets = this.#counts.map((inBucket, bucket): Sample => {
      count += inBucket;
      const bound = this.#boundsMs[bucket];
      const le = bound === undefined ? "+Inf" : String(bound / 1000);
      return { suffix: "_bucket", labels: { ...labels, le }, value: count };
    });
    return [
      ...buckets,
      { suffix: "_sum", labels, value: this.#sumMs / 1000 },
      { suffix: "_count", labels, value: count },
    ];
  }
}
