/** The sheet's data and its document; the commands themselves are run by scripts/cheatsheet.ts, which needs the AWS CLI. */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { cheatsheetDocument } from "./document.ts";
import { check } from "./runner.ts";
import { sections } from "./sections.ts";

describe("the data", () => {
  const steps = sections.flatMap(({ groups }) => groups.flat());

  test("each step has its own title and is a command of the AWS CLI", () => {
    for (const { groups } of sections) {
      const titles = groups.flat().map(({ title }) => title);
      expect(new Set(titles).size).toBe(titles.length);
    }
    for (const { command, meant } of steps) {
      expect(command).toMatch(/\baws dynamodb/);
      if (meant !== undefined) expect(meant.command).toMatch(/\baws dynamodb/);
    }
  });

  test("what was meant succeeds", () => {
    for (const { meant } of steps) {
      for (const failure of ["refused", "unsent", "complaint"]) {
        if (meant !== undefined) expect(meant.expect).not.toHaveProperty(failure);
      }
    }
  });

  test("docs/cheatsheet.md is made from it (node scripts/run.mjs scripts/cheatsheet.ts --docs)", () => {
    const written = readFileSync(join(import.meta.dirname, "../../docs/cheatsheet.md"), "utf8");
    expect(written).toBe(cheatsheetDocument());
  });
});

describe("check", () => {
  const refusal = {
    status: 254,
    output: "",
    errors: "\nAn error occurred (ValidationException) when calling the GetItem operation: No: really.\n",
  };
  const success = { status: 0, output: '{"a":{"b":[1,{"c":null}]}}\n', errors: "" };

  test("takes what is expected", () => {
    check(refusal, { refused: "ValidationException", message: "No: really." });
    check(refusal, { refused: "ValidationException", messageStart: "No: " });
    check(success, { output: { "a.b.0": 1, "a.b.1.c": null, "a.x": undefined, "a.b.7.c": undefined } });
    check({ status: 0, output: "ACTIVE\n", errors: "" }, { text: "ACTIVE" });
    check({ status: 255, output: "", errors: "Unknown options: x" }, { unsent: "Unknown options: x" });
    check({ status: 0, output: "a\nb\n", errors: "no" }, { distinctLines: 2, complaint: "no" });
  });

  test("refuses everything else", () => {
    expect(() => check(refusal, { refused: "ValidationException", message: "No" })).toThrow();
    expect(() => check(refusal, { refused: "OtherException", message: "No: really." })).toThrow();
    expect(() => check(refusal, { refused: "ValidationException", messageStart: "Yes" })).toThrow();
    expect(() => check(refusal, { text: "" })).toThrow("status 254");
    expect(() => check(success, { refused: "ValidationException", message: "" })).toThrow();
    expect(() => check(success, { output: { "a.b.0": 2 } })).toThrow("a.b.0");
    expect(() => check(success, { output: { "a.b": undefined } })).toThrow();
    expect(() => check({ status: 0, output: "UPDATING", errors: "" }, { text: "ACTIVE" })).toThrow();
  });
});
