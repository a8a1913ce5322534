import { afterAll, describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { startServer } from "../support/server.ts";

/** The commands for a stopped store, as their user meets them. */
const MAIN = resolve(import.meta.dirname, "../../src/main.ts");
const FIXTURE = resolve(import.meta.dirname, "../fixtures/format-v1");
const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "walnut-tools-"));
  directories.push(directory);
  return directory;
}

/** A copy of a stored directory. */
function stored(ending: "closed" | "killed"): string {
  const directory = temporary();
  cpSync(join(FIXTURE, ending), directory, { recursive: true });
  return directory;
}

function walnut(...argv: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, MAIN, ...argv], { timeout: 20_000 });
  return { status: exitCode, out: stdout.toString(), error: stderr.toString() };
}

/** Flips a bit in the middle of a file; returns the file's name. */
function damage(directory: string, path: string): void {
  const bytes = readFileSync(join(directory, path));
  const middle = bytes.length >> 1;
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(join(directory, path), bytes);
}

/** Every file with its content. */
function contents(directory: string): Map<string, string> {
  const names = readdirSync(directory, { recursive: true, encoding: "utf8" }).sort();
  const files = names.filter((name) => statSync(join(directory, name)).isFile());
  return new Map(files.map((name) => [name, readFileSync(join(directory, name), "latin1")]));
}

describe("walnut repair", () => {
  test("says what would be lost, repairs when that is accepted, and the server starts", async () => {
    const data = temporary();
    const server = await startServer({ data });
    const definition = {
      TableName: "Users",
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      BillingMode: "PAY_PER_REQUEST",
    };
    expect((await server.call("CreateTable", definition)).status).toBe(200);
    const write = (n: number) => server.call("PutItem", { TableName: "Users", Item: { id: { S: `u${n}` } } });
    for (let n = 0; n < 20; n++) await write(n);
    await server.stop();
    const path = "wal/0000000001.wal";
    const log = readFileSync(join(data, path));
    // The key of the twelfth item.
    const at = log.indexOf("u11");
    log[at] = (log[at] ?? 0) ^ 1;
    writeFileSync(join(data, path), log);
    expect(walnut("stats", "--data-dir", data).out).toMatch(/\n {2}table Users +19 /);
    const before = contents(data);

    const refused = walnut("serve", "--port", "0", "--data-dir", data);
    expect(refused.status).toBe(65);
    expect(refused.error).toContain(`${path} at byte `);
    expect(refused.error).toContain("walnut repair");
    for (const flags of [[], ["--dry-run"], ["--accept-loss", "--dry-run"]]) {
      const plan = walnut("repair", "--data-dir", data, ...flags);
      expect(plan).toMatchObject({ status: 65, error: "" });
      expect(plan.out).toMatch(/A repair loses:\n {2}commit \d+, .*\n {2}commits \d+ to \d+, /);
      expect(plan.out).toContain("Nothing was changed.");
    }
    const untouched = contents(data);
    untouched.delete("LOCK.holder");
    expect(untouched).toEqual(before);

    const done = walnut("repair", "--accept-loss", "--data-dir", data);
    expect(done).toMatchObject({ status: 0, error: "" });
    expect(readFileSync(join(data, "set-aside-1", "0000000001.wal"))).toEqual(log);
    expect(readFileSync(join(data, "set-aside-1", "REPORT.txt"), "utf8")).toContain(`${path} at byte `);
    expect(walnut("verify", "--data-dir", data).status).toBe(0);
    expect(walnut("repair", "--accept-loss", "--data-dir", data)).toMatchObject({
      status: 0,
      out: "Nothing is damaged: there is nothing to repair.\n",
    });

    const again = await startServer({ data });
    const { body } = await again.call("Scan", { TableName: "Users" });
    expect(body).toMatchObject({ Count: 11 });
    expect((await again.call("PutItem", { TableName: "Users", Item: { id: { S: "new" } } })).status).toBe(
      200,
    );
    await again.stop();
    expect(walnut("verify", "--data-dir", data).status).toBe(0);
  });
});

describe("walnut stats", () => {
  test("tells spaces, feeds, checkpoints and the log, and changes nothing", () => {
    const data = stored("killed");
    const before = contents(data);
    const { status, out, error } = walnut("stats", "--data-dir", data);
    expect({ status, error }).toEqual({ status: 0, error: "" });
    expect(out).toMatch(/^store [0-9a-f]{32}, not closed in order\nformats: manifest 1, log 1, SSTables 1\n/);
    expect(out).toMatch(/space amplification: \d\.\d\d /);
    for (const title of ["spaces", "feeds", "checkpoints", "log"]) expect(out).toContain(`\n${title}\n`);
    expect(out).toMatch(/wal\/0000000004\.wal +\d/);
    const json = JSON.parse(walnut("stats", "--data-dir", data, "--format", "json").out);
    expect(json.segments).toHaveLength(3);
    expect(json.problems).toBe(0);
    expect(contents(data)).toEqual(before);
  });
});

describe("walnut verify", () => {
  test("a whole store: status 0, every kind counted, nothing changed", () => {
    for (const ending of ["closed", "killed"] as const) {
      const data = stored(ending);
      const before = contents(data);
      const { status, out, error } = walnut("verify", "--data-dir", data);
      expect({ status, error }).toEqual({ status: 0, error: "" });
      expect(out).toMatch(/manifest +2 .*\n +log +3 .*\n +index +2 .*\n +archive +2 .*\n +sstable +10 /);
      expect(out).toContain("Everything is as it was written.");
      expect(contents(data)).toEqual(before);
    }
  });

  test("damage: status 65, file, byte and what it means; as text and as JSON", () => {
    const data = stored("closed");
    const [table = ""] = readdirSync(join(data, "sst"));
    damage(data, `sst/${table}`);
    damage(data, "wal/0000000005.wal");
    const before = contents(data);
    const { status, out } = walnut("verify", "--data-dir", data);
    expect(status).toBe(65);
    expect(out).toMatch(new RegExp(`sst/${table} at byte \\d+: SSTable `));
    expect(out).toMatch(/wal\/0000000005\.wal at byte \d+: .*\n {4}(lost: |nothing)/);
    const json = walnut("verify", "--data-dir", data, "--format", "json");
    expect(json.status).toBe(65);
    expect(JSON.parse(json.out)).toMatchObject({ isClean: false });
    expect(contents(data)).toEqual(before);
  });

  test("a running server is named, and not disturbed", async () => {
    const data = temporary();
    const server = await startServer({ data });
    const { status, error } = walnut("verify", "--data-dir", data);
    expect({ status, error }).toEqual({
      status: 75,
      error: expect.stringContaining(`in use by process ${server.pid} on `),
    });
    await server.stop();
    expect(walnut("verify", "--data-dir", data).status).toBe(0);
  });

  test("directories that are not ours, or not there, are left as they are", () => {
    const data = temporary();
    writeFileSync(join(data, "thesis.txt"), "precious");
    expect(walnut("verify", "--data-dir", data)).toMatchObject({
      status: 78,
      error: expect.stringContaining("thesis.txt"),
    });
    expect(readdirSync(data)).toEqual(["thesis.txt"]);
    const missing = join(data, "not-there");
    expect(walnut("verify", "--data-dir", missing)).toEqual({
      status: 78,
      out: "",
      error: `walnut: ${missing}: there is no such directory\n`,
    });
    expect(walnut("verify", "--data-dir", temporary()).status).toBe(78);
  });

  test("wrong usage: status 2, by name", () => {
    expect(walnut("verify", "--colour")).toMatchObject({
      status: 2,
      error: expect.stringContaining("--colour"),
    });
    expect(walnut("verify", "--format", "xml")).toMatchObject({
      status: 2,
      error: expect.stringContaining("xml"),
    });
  });
});
