export type LogLevel = "debug" | "info" | "warn" | "error";
export type LogFormat = "text" | "json";
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

const RANK: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3 };

/** A logger that writes one line per event: `message key=value …` or one JSON object. */
export function createLog(options: {
  readonly format: LogFormat;
  readonly level: LogLevel;
  readonly now: () => number;
  readonly write: (line: string) => void;
}): Log {
  const emit = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (RANK[level] < RANK[options.level]) return;
    const time = new Date(options.now()).toISOString();
    if (options.format === "json") {
      options.write(`${JSON.stringify({ time, level, message, ...fields })}\n`);
      return;
    }
    const tail = Object.entries(fields)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => ` ${name}=${typeof value === "string" ? JSON.stringify(value) : value}`);
    options.write(`${time} ${level.toUpperCase().padEnd(5)} ${message}${tail.join("")}\n`);
  };
  return {
    debug: (message, fields) => emit("debug", message, fields),
    info: (message, fields) => emit("info", message, fields),
    warn: (message, fields) => emit("warn", message, fields),
    error: (message, fields) => emit("error", message, fields),
  };
}
