/** Runs the sheet's commands in a shell, with the real AWS CLI pointed at a server, and compares what they print. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { call, type Json } from "../support/call.ts";
import type { Expectation, Given, Section, Step } from "./step.ts";

/** Each call of the CLI is about a second of CPU. */
const PARALLEL_MAX = 3;
const COMMAND_MS_MAX = 60_000;

export interface CommandResult {
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

export interface Report {
  readonly title: string;
  readonly outcome: "passed" | "failed" | "pending";
  /** Why it failed or is left out. */
  readonly reason: string;
}

/** The version line of the CLI, or undefined where there is none. */
export async function cliVersion(): Promise<string | undefined> {
  const { status, output, errors } = await shell("aws --version", {});
  return status === 0 ? `${output}${errors}`.trim() : undefined;
}

/** Runs a section against the server at `endpoint`, which must be empty. */
export async function runSection(section: Section, endpoint: string): Promise<readonly Report[]> {
  for (const given of section.given) await provide(endpoint, given);
  const reports: Report[] = [];
  for (const group of section.groups) {
    for (const step of group) for (const given of step.given ?? []) await provide(endpoint, given);
    const tasks = group.map((step) => taskOf(section, step, endpoint));
    for (let at = 0; at < tasks.length; at += PARALLEL_MAX) {
      reports.push(...(await Promise.all(tasks.slice(at, at + PARALLEL_MAX).map((task) => task()))).flat());
    }
  }
  return reports;
}

async function provide(endpoint: string, { operation, request }: Given): Promise<void> {
  const { status, text } = await call(endpoint, operation, request);
  assert.equal(status, 200, `${operation} that the sheet takes for granted: ${text}`);
}

/** A step: the command as printed, then as meant. */
function taskOf(section: Section, step: Step, endpoint: string): () => Promise<readonly Report[]> {
  const title = `${section.title}: ${step.title}`;
  const { pending, meant } = step;
  if (pending !== undefined) return async () => [{ title, outcome: "pending", reason: pending }];
  return async () => {
    const printed = await report(title, step.command, step.expect, endpoint);
    if (meant === undefined) return [printed];
    return [printed, await report(`${title} (as meant)`, meant.command, meant.expect, endpoint)];
  };
}

async function report(
  title: string,
  command: string,
  expect: Expectation,
  endpoint: string,
): Promise<Report> {
  const result = await shell(command, {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    AWS_DEFAULT_REGION: "us-east-1",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
    AWS_MAX_ATTEMPTS: "1",
    AWS_PAGER: "",
  });
  try {
    check(result, expect);
    return { title, outcome: "passed", reason: "" };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { title, outcome: "failed", reason: `${reason}\n$ ${command}\n${result.output}${result.errors}` };
  }
}

/** Throws when a result is not the expected one. */
export function check({ status, output, errors }: CommandResult, expect: Expectation): void {
  if ("refused" in expect) {
    const [, type, message] =
      /An error occurred \((\w+)\) when calling the \w+ operation[^:]*: (.*)/.exec(errors) ?? [];
    if ("message" in expect) {
      assert.deepEqual({ type, message }, { type: expect.refused, message: expect.message });
    } else {
      assert.equal(type, expect.refused);
      assert.equal(message?.slice(0, expect.messageStart.length), expect.messageStart);
    }
    assert.notEqual(status, 0, "a refusal leaves with a status");
    return;
  }
  if ("unsent" in expect) {
    assert(errors.includes(expect.unsent), "the CLI says what it does not take");
    assert.notEqual(status, 0, "a refusal leaves with a status");
    return;
  }
  assert.equal(status, 0, `left with status ${status}`);
  if ("distinctLines" in expect) {
    const lines = output.trimEnd().split("\n");
    assert.equal(lines.length, expect.distinctLines, "lines");
    assert.equal(new Set(lines).size, expect.distinctLines, "different lines");
    assert(errors.includes(expect.complaint ?? ""), "the CLI says what it does not take");
    return;
  }
  if ("text" in expect) {
    assert.equal(output.trimEnd(), expect.text);
    return;
  }
  const body = JSON.parse(output) as Json;
  for (const [path, value] of Object.entries(expect.output)) {
    assert.deepEqual(follow(body, path), value, `at ${path}`);
  }
}

/** The value at a path of member names and list positions, joined by dots. */
function follow(value: Json | undefined, path: string): Json | undefined {
  let at = value;
  for (const name of path.split(".")) {
    if (typeof at !== "object" || at === null) return undefined;
    at = Array.isArray(at)
      ? (at as readonly Json[])[Number(name)]
      : (at as { readonly [name: string]: Json })[name];
  }
  return at;
}

function shell(command: string, environment: Readonly<Record<string, string>>): Promise<CommandResult> {
  return new Promise((fulfil) => {
    const env = { ...process.env, ...environment };
    execFile("bash", ["-c", command], { env, timeout: COMMAND_MS_MAX }, (error, output, errors) => {
      const status = error === null ? 0 : typeof error.code === "number" ? error.code : 1;
      fulfil({ status, output, errors });
    });
  });
}
