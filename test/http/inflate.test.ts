import { describe, expect, test } from "bun:test";
import { deflateSync, gzipSync } from "node:zlib";
import { inflate } from "../../src/http/inflate.ts";

const text = "walnut ".repeat(100);
const gunzip = (...parts: Buffer[]) => inflate(Buffer.concat(parts), "gzip", 10_000).toString();

describe("content encodings", () => {
  test("gzip, in one member or several, junk behind them ignored", () => {
    expect(gunzip(gzipSync(text))).toBe(text);
    expect(gunzip(gzipSync(text), gzipSync("end"))).toBe(`${text}end`);
    expect(gunzip(gzipSync(text), Buffer.from("junk that is longer than a header"))).toBe(text);
    expect(gunzip(gzipSync(""))).toBe("");
  });

  test("optional fields of the gzip header", () => {
    const member = gzipSync(text);
    const named = Buffer.concat([member.subarray(0, 10), Buffer.from("name\0"), member.subarray(10)]);
    named[3] = 8;
    expect(gunzip(named)).toBe(text);
    const extra = Buffer.concat([member.subarray(0, 10), Buffer.from([3, 0, 1, 2, 3]), member.subarray(10)]);
    extra[3] = 4;
    expect(gunzip(extra)).toBe(text);
  });

  test("deflate", () => {
    expect(inflate(deflateSync(text), "deflate", 10_000).toString()).toBe(text);
  });

  test("what is not gzip, is damaged or is cut off", () => {
    expect(() => gunzip(Buffer.alloc(0))).toThrow("not a gzip stream");
    expect(() => gunzip(Buffer.from("plain text, not compressed"))).toThrow("not a gzip stream");
    const damaged = gzipSync(text);
    damaged[damaged.length - 6] = (damaged[damaged.length - 6] ?? 0) ^ 1;
    expect(() => gunzip(damaged)).toThrow("damaged gzip member");
    for (let length = 1; length < damaged.length; length += 1) {
      expect(() => gunzip(gzipSync(text).subarray(0, length))).toThrow();
    }
  });

  test("a bomb is cut off by its size, also when it comes in several members", () => {
    expect(() => inflate(gzipSync("x".repeat(20_000)), "gzip", 10_000)).toThrow(RangeError);
    const half = gzipSync("x".repeat(6_000));
    expect(() => inflate(Buffer.concat([half, half]), "gzip", 10_000)).toThrow(RangeError);
  });
});
