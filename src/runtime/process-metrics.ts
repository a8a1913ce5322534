import { Histogram, type Metric, single } from "./metrics.ts";

/** How often it is looked at how late a timer comes. */
const LOOK_MS = 1_000;
const DELAY_BOUNDS_MS = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1000];

/** Figures of this process: memory, time on the processor, and how late its event loop is. */
export class ProcessMetrics {
  readonly #startedAtMs = Date.now();
  readonly #delays = new Histogram(DELAY_BOUNDS_MS);

  /** Begins to look at the event loop, once a second. */
  start(): void {
    const dueMs = performance.now() + LOOK_MS;
    const timer = setTimeout(() => {
      this.#delays.observe(Math.max(0, performance.now() - dueMs));
      this.start();
    }, LOOK_MS);
    timer.unref();
  }

  metrics(): Metric[] {
    const { rss, heapUsed, external } = process.memoryUsage();
    const { user, system } = process.cpuUsage();
    const uptimeSeconds = (Date.now() - this.#startedAtMs) / 1000;
    return [
      single(
        "process_start_time_seconds",
        "gauge",
        "When the process started, in seconds since the epoch",
        this.#startedAtMs / 1000,
      ),
      single("walnut_uptime_seconds", "gauge", "Since the process started", uptimeSeconds),
      single(
        "process_cpu_seconds_total",
        "counter",
        "Processor time of all threads, user and system",
        (user + system) / 1e6,
      ),
      single("process_resident_memory_bytes", "gauge", "Memory that the process has in RAM", rss),
      single("walnut_heap_bytes", "gauge", "JavaScript objects", heapUsed),
      single(
        "walnut_external_memory_bytes",
        "gauge",
        "Buffers outside of the JavaScript heap: memtables, cached blocks, files of --memory",
        external,
      ),
      {
        name: "walnut_event_loop_delay_seconds",
        type: "histogram",
        help: "How late a timer came that is set once a second: how long other work held up the event loop",
        samples: this.#delays.samples(),
      },
    ];
  }
}
