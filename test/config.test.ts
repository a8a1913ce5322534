import { describe, expect, test } from "bun:test";
import { flagsHelp, parseConfig, UsageError } from "../src/config.ts";

const parse = (...argv: string[]) => parseConfig(argv, {});
const refused = (...argv: string[]) => {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof UsageError) return error.message;
    throw error;
  }
  throw new Error(`accepted: ${argv.join(" ")}`);
};

describe("flags", () => {
  test("defaults", () => {
    expect(parse()).toMatchObject({
      port: 8000,
      host: "127.0.0.1",
      dataDir: "./walnut-data",
      memory: false,
      durability: { mode: "sync" },
      region: "us-east-1",
    });
  });

  test("values stand behind a blank or an equals sign", () => {
    expect(parse("--port", "9000", "--data-dir=/some/dir", "--memory")).toMatchObject({
      port: 9000,
      dataDir: "/some/dir",
      memory: true,
    });
  });

  test("a flag wins over its environment variable, which wins over the default", () => {
    const environment = { WALNUT_PORT: "7001", WALNUT_DATA_DIR: "/from/environment" };
    expect(parseConfig(["--port", "7002"], environment)).toMatchObject({
      port: 7002,
      dataDir: "/from/environment",
    });
  });

  test("durability modes", () => {
    expect(parse("--durability", "off").durability).toEqual({ mode: "off" });
    expect(parse("--durability", "interval:250").durability).toEqual({ mode: "interval", intervalMs: 250 });
    expect(refused("--durability", "interval:0")).toContain("--durability");
  });

  test("streams and time to live", () => {
    expect(parse()).toMatchObject({ streamShards: 1, ttlSweepIntervalMs: 60_000 });
    expect(parse("--stream-shards", "4", "--ttl-sweep-interval-ms", "0")).toMatchObject({
      streamShards: 4,
      ttlSweepIntervalMs: 0,
    });
    expect(refused("--stream-shards", "0")).toBe(
      "--stream-shards must be a whole number from 1 to 256, not '0'",
    );
  });

  test("every refusal names the flag", () => {
    expect(refused("--prot", "1")).toBe("unknown flag: --prot (try --help)");
    expect(refused("stray")).toBe("unknown flag: stray (try --help)");
    expect(refused("--port")).toBe("--port needs a value: PORT");
    expect(refused("--port", "65536")).toBe("--port must be a whole number from 0 to 65535, not '65536'");
    expect(refused("--port", "8e3")).toContain("--port");
    expect(refused("--memory=maybe")).toContain("--memory");
    expect(refused("--account-id", "12")).toBe("--account-id must be 12 digits, not '12'");
    expect(refused("--log-format", "xml")).toBe("--log-format must be one of text, json, not 'xml'");
    expect(refused("--tls-cert", "a.pem")).toBe("--tls-cert and --tls-key belong together");
  });

  test("other addresses than loopback must be asked for", () => {
    expect(refused("--host", "0.0.0.0")).toContain("--insecure");
    expect(parse("--host", "0.0.0.0", "--insecure").host).toBe("0.0.0.0");
    for (const host of ["localhost", "127.0.0.9", "::1"]) expect(parse("--host", host).host).toBe(host);
  });

  test("the help text has a line for every flag", () => {
    expect(flagsHelp()).toContain("--data-dir DIR");
    expect(flagsHelp().split("\n").length).toBeGreaterThan(10);
  });
});
