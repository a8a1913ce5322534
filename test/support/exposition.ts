/** A strict reader of Prometheus' text format 0.0.4: what a lenient scraper forgives is an error here. */
import assert from "node:assert/strict";

export interface ReadSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface ReadMetric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly samples: ReadSample[];
}

const types = ["counter", "gauge", "histogram"] as const;
const nameText = "[a-zA-Z_:][a-zA-Z0-9_:]*";
const valueText = String.raw`[+-]?(?:\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|Inf)|NaN`;
const helpLine = new RegExp(`^# HELP (${nameText}) (\\S.*)$`);
const typeLine = new RegExp(`^# TYPE (${nameText}) (counter|gauge|histogram)$`);
const sampleLine = new RegExp(`^(${nameText})(?:\\{(.*)\\})? (${valueText})$`);
const labelText = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(?:,|$)/;

/** Reads a page of metrics. Throws on any breach of the format, or of the conventions for names and histograms. */
export function readExposition(page: string): ReadMetric[] {
  assert(page.endsWith("\n") && !page.includes("\r"), "every line ends with a line feed");
  const metrics: ReadMetric[] = [];
  const series = new Set<string>();
  const lines = page.slice(0, -1).split("\n");
  for (let at = 0; at < lines.length; ) {
    const [, name = "", help = ""] = helpLine.exec(lines[at] ?? "") ?? [];
    assert.notEqual(name, "", `a metric begins with its help, not with ${lines[at]}`);
    assert(!metrics.some((metric) => metric.name === name), `${name} comes once`);
    const [, typed, typeText] = typeLine.exec(lines[at + 1] ?? "") ?? [];
    assert(typed === name, `the type of ${name} follows its help`);
    const type = types.find((each) => each === typeText);
    assert(type !== undefined, `${name} has a type`);
    const samples: ReadSample[] = [];
    for (at += 2; at < lines.length && !lines[at]?.startsWith("#"); at += 1) {
      const sample = readSample(lines[at] ?? "");
      const identity = JSON.stringify([sample.name, Object.entries(sample.labels).sort()]);
      assert(!series.has(identity), `${identity} comes once`);
      series.add(identity);
      samples.push(sample);
    }
    const metric = { name, type, help, samples };
    checkMetric(metric);
    metrics.push(metric);
  }
  return metrics;
}

function readSample(line: string): ReadSample {
  const [, name, labels = "", value] = sampleLine.exec(line) ?? [];
  assert(name !== undefined && value !== undefined, `no sample: ${line}`);
  const pairs: Record<string, string> = {};
  for (let rest = labels; rest !== ""; ) {
    const found = labelText.exec(rest);
    assert(found !== null, `no label: ${rest} in ${line}`);
    const [text, label = "", raw = ""] = found;
    assert(!(label in pairs) && !label.startsWith("__"), `the label ${label} comes once in ${line}`);
    pairs[label] = raw.replace(/\\(.)/g, (_, escaped: string) => (escaped === "n" ? "\n" : escaped));
    rest = rest.slice(text.length);
  }
  return { name, labels: pairs, value: Number(value.replace("Inf", "Infinity")) };
}

function checkMetric({ name, type, samples }: ReadMetric): void {
  assert.equal(
    name.endsWith("_total"),
    type === "counter",
    `${name}: counters, and only they, end in _total`,
  );
  assert(
    !/_(ms|milliseconds|kb|mb|count|sum|bucket)(_|$)/.test(name),
    `${name}: base units, no reserved ends`,
  );
  if (type === "histogram") {
    checkHistogram(name, samples);
    return;
  }
  for (const sample of samples) {
    assert.equal(sample.name, name);
    assert(!("le" in sample.labels), `${name}: "le" is for histograms`);
    assert(type === "gauge" || sample.value >= 0, `${name}: a counter is not negative`);
    assert(Number.isFinite(sample.value), `${name} is ${sample.value}`);
  }
}

function checkHistogram(name: string, samples: readonly ReadSample[]): void {
  const groups = Map.groupBy(samples, ({ labels: { le: _, ...labels } }) => JSON.stringify(labels));
  for (const group of groups.values()) {
    const buckets = group.filter((sample) => sample.name === `${name}_bucket`);
    const bounds = buckets.map(({ labels }) => Number((labels["le"] ?? "").replace("Inf", "Infinity")));
    assert.deepEqual(
      bounds,
      bounds.toSorted((a, b) => a - b),
      `${name}: bounds ascend`,
    );
    assert.equal(bounds.at(-1), Number.POSITIVE_INFINITY, `${name}: the last bucket takes everything`);
    const counts = buckets.map(({ value }) => value);
    assert.deepEqual(
      counts,
      counts.toSorted((a, b) => a - b),
      `${name}: buckets are cumulative`,
    );
    const rest = group.slice(buckets.length);
    assert.deepEqual(
      rest.map((sample) => sample.name),
      [`${name}_sum`, `${name}_count`],
    );
    assert.equal(rest[1]?.value, counts.at(-1), `${name}: the last bucket is the count`);
  }
}
