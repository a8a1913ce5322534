import { afterAll, describe, expect, test } from "bun:test";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { startServer } from "../support/server.ts";

/** `walnut` as its user meets it: what it prints, and with which status it leaves. */
const MAIN = resolve(import.meta.dirname, "../../src/main.ts");
const directories: string[] = [];
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
});

function temporary(): string {
  const directory = mkdtempSync(join(tmpdir(), "walnut-cli-"));
  directories.push(directory);
  return directory;
}

function walnut(...argv: string[]) {
  const { exitCode, stdout, stderr } = Bun.spawnSync([process.execPath, MAIN, ...argv], { timeout: 20_000 });
  return { status: exitCode, out: stdout.toString(), error: stderr.toString() };
}

const table = (name: string) => ({
  TableName: name,
  AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
  KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
  BillingMode: "PAY_PER_REQUEST",
});

describe("walnut", () => {
  test("--version and --help", () => {
    expect(walnut("--version")).toEqual({ status: 0, out: `walnut ${manifest.version}\n`, error: "" });
    const help = walnut("serve", "--help");
    expect(help.status).toBe(0);
    expect(help.out).toContain("--durability MODE");
  });

  test("wrong usage names what is wrong and leaves with status 2", () => {
    expect(walnut("servе")).toMatchObject({
      status: 2,
      error: "walnut: unknown command: servе (try --help)\n",
    });
    expect(walnut("serve", "--port", "x")).toMatchObject({ status: 2 });
    expect(walnut("serve", "--port", "x").error).toContain("--port");
  });
});

describe("walnut serve", () => {
  test("a second server on the same directory is refused, naming the first; after kill -9 of the first it starts", async () => {
    const data = temporary();
    const first = await startServer({ data });
    const second = walnut("serve", "--port", "0", "--data-dir", data);
    expect(second.status).toBe(75);
    expect(second.error).toContain(String(first.pid));
    await first.kill9();
    const third = await startServer({ data });
    await third.stop();
  });

  test("an address in use", async () => {
    const first = await startServer({ data: "memory" });
    const port = new URL(first.endpoint).port;
    const second = walnut("serve", "--port", port, "--memory");
    expect(second.status).toBe(69);
    expect(second.error).toContain(`127.0.0.1:${port}`);
    await first.stop();
  });

  test("a directory that is not ours is refused and left alone", () => {
    const data = temporary();
    writeFileSync(join(data, "thesis.txt"), "precious");
    const { status, error } = walnut("serve", "--port", "0", "--data-dir", data);
    expect(status).toBe(78);
    expect(error).toContain("thesis.txt");
    expect(readFileSync(join(data, "thesis.txt"), "utf8")).toBe("precious");
    expect(readdirSync(data)).toEqual(["thesis.txt"]);
  });

  test("a store that has lost its CURRENT is refused, not made anew", async () => {
    const data = temporary();
    const server = await startServer({ data });
    expect((await server.call("CreateTable", table("Users"))).status).toBe(200);
    await server.restart();
    await server.stop();
    rmSync(join(data, "CURRENT"));
    const { status, error } = walnut("serve", "--port", "0", "--data-dir", data);
    expect(status).toBe(65);
    expect(error).toContain("CURRENT at byte 0: the file is missing");
  });

  test("a damaged log is refused, naming file and byte", async () => {
    const data = temporary();
    const server = await startServer({ data });
    expect((await server.call("CreateTable", table("Users"))).status).toBe(200);
    for (let at = 0; at < 20; at += 1) {
      await server.call("PutItem", { TableName: "Users", Item: { id: { S: `u${at}` } } });
    }
    await server.stop();
    const [segment = ""] = readdirSync(join(data, "wal")).sort();
    const path = join(data, "wal", segment);
    const bytes = readFileSync(path);
    const middle = Math.floor(bytes.length / 2);
    bytes[middle] = (bytes[middle] ?? 0) ^ 0x10;
    writeFileSync(path, bytes);
    const { status, error } = walnut("serve", "--port", "0", "--data-dir", data);
    expect(status).toBe(65);
    expect(error).toMatch(new RegExp(`${segment}.* byte \\d+`));
    expect(error.trim().split("\n").length).toBe(1);
  });

  test("stops in order on SIGTERM: what was answered is there at the next start", async () => {
    const server = await startServer({ data: temporary() });
    await server.call("CreateTable", table("Users"));
    const puts = Array.from({ length: 50 }, (_, at) =>
      server.call("PutItem", { TableName: "Users", Item: { id: { S: `u${at}` } } }),
    );
    expect((await Promise.all(puts)).every((answer) => answer.status === 200)).toBe(true);
    await server.stop();
    await server.restart();
    const { body } = await server.call("DescribeTable", { TableName: "Users" });
    expect(body).toMatchObject({ Table: { ItemCount: 50 } });
    await server.stop();
  });

  test("health, readiness and the service's own health text", async () => {
    const server = await startServer({ data: "memory" });
    expect(await (await fetch(`${server.endpoint}/_walnut/health`)).json()).toMatchObject({
      status: "ok",
      version: manifest.version,
    });
    expect((await fetch(`${server.endpoint}/_walnut/ready`)).status).toBe(200);
    const root = await fetch(`${server.endpoint}/`);
    expect(await root.text()).toBe(`healthy: ${new URL(server.endpoint).host} `);
    await server.stop();
  });
});
