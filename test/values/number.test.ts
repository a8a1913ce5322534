import { describe, expect, test } from "bun:test";
import { Decimal } from "decimal.js";
import fc from "fast-check";
import {
  addNumbers,
  compareNumbers,
  normalizeNumber,
  numberSize,
  subtractNumbers,
} from "../../src/values/number.ts";
import { encodeNumberKey } from "../../src/values/number-key.ts";
import { numberText } from "./arbitraries.ts";

/** The oracle: exact for everything that fits DynamoDB's range. */
const Exact = Decimal.clone({ precision: 600, minE: -9e15, maxE: 9e15 });

const OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range";
const UNDERFLOW =
  "Number underflow. Attempting to store a number with magnitude smaller than supported range";
const TOO_MANY_DIGITS = "Attempting to store more than 38 significant digits in a Number";

/** What the service must say to a result or an input: its canonical text, or the message of the refusal. */
function expected(value: Decimal, tooManyDigits: string): string {
  if (value.isZero()) return "0";
  if (value.e > 125) return OVERFLOW;
  if (value.e < -130) return UNDERFLOW;
  return value.sd() > 38 ? tooManyDigits : value.toFixed();
}

function outcome(compute: () => string): string {
  try {
    return compute();
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
}

const canonical = numberText
  .map((text) => outcome(() => normalizeNumber(text)))
  .filter((text) => /^-?\d/.test(text));

describe("canonical form", () => {
  test.each([
    ["1.5E2", "150"],
    ["1.0", "1"],
    ["3.1400", "3.14"],
    ["00042", "42"],
    ["1E-2", "0.01"],
    ["-0", "0"],
    ["-0.0", "0"],
    ["+5", "5"],
    ["5.", "5"],
    [".5", "0.5"],
    ["-.5", "-0.5"],
    ["1e+2", "100"],
    ["0.0e126", "0"],
    ["0e-999999999999999999999", "0"],
    ["-12.30", "-12.3"],
    ["-7", "-7"],
    [`1${"0".repeat(60)}`, `1${"0".repeat(60)}`],
    ["9.9999999999999999999999999999999999999E+125", `${"9".repeat(38)}${"0".repeat(88)}`],
    ["1E-130", `0.${"0".repeat(129)}1`],
    ["0".repeat(500), "0"],
  ])("%s is %s", (text, canonicalText) => {
    expect(normalizeNumber(text)).toBe(canonicalText);
  });

  test.each([
    "abc",
    " 1",
    "1 ",
    "1_000",
    "NaN",
    "Infinity",
    "1e",
    ".",
    "+e2",
    "0x10",
    "-",
    "+",
    "1.2.3",
    "--1",
    "1e1.5",
    "١",
  ])("%p is not a number", (text) => {
    expect(() => normalizeNumber(text)).toThrow(
      `The parameter cannot be converted to a numeric value: ${text}`,
    );
  });

  test("the empty string is refused without a value in the message", () => {
    expect(outcome(() => normalizeNumber(""))).toBe("The parameter cannot be converted to a numeric value");
  });

  test.each([
    ["1e126", OVERFLOW],
    [`-1${"0".repeat(126)}`, OVERFLOW],
    ["1e99999999999999999999", OVERFLOW],
    ["1e-131", UNDERFLOW],
    ["-1e-99999999999999999999", UNDERFLOW],
    ["1".repeat(39), TOO_MANY_DIGITS],
    [`1.${"1".repeat(38)}`, TOO_MANY_DIGITS],
  ])("%s is refused", (text, message) => {
    expect(outcome(() => normalizeNumber(text))).toBe(message);
  });

  test("agrees with decimal arithmetic, and is stable", () => {
    fc.assert(
      fc.property(numberText, (text) => {
        const given = outcome(() => normalizeNumber(text));
        const value = new Exact(text.replace(/^\+/, "").replace(/\.(?=$|[eE])/, ""));
        expect(given).toBe(expected(value, TOO_MANY_DIGITS));
        if (/^-?\d/.test(given)) expect(normalizeNumber(given)).toBe(given);
      }),
      { numRuns: 2000 },
    );
  });
});

describe("arithmetic", () => {
  test.each([
    ["1", "2", "3", "-1"],
    ["0.1", "0.2", "0.3", "-0.1"],
    ["5", "-5", "0", "10"],
    ["9007199254740991", "1", "9007199254740992", "9007199254740990"],
    ["-9007199254740991", "1", "-9007199254740990", "-9007199254740992"],
    ["1E-130", "0", "1E-130", "1E-130"],
    ["1.00000000000000001", "1", "2.00000000000000001", "0.00000000000000001"],
    ["9007199254740993", "0", "9007199254740993", "9007199254740993"],
    ["99999999999999999999999999999999999999", "0.1", OVERFLOW, OVERFLOW],
    [`1${"0".repeat(50)}`, "1", OVERFLOW, OVERFLOW],
    [`9${"0".repeat(125)}`, `1${"0".repeat(125)}`, OVERFLOW, `8${"0".repeat(125)}`],
  ])("%s and %s", (a, b, sum, difference) => {
    const [x, y] = [normalizeNumber(a), normalizeNumber(b)];
    const written = (text: string) => (text === OVERFLOW ? text : normalizeNumber(text));
    expect(outcome(() => addNumbers(x, y))).toBe(written(sum));
    expect(outcome(() => subtractNumbers(x, y))).toBe(written(difference));
  });

  test("a difference below the range is an underflow", () => {
    const a = normalizeNumber("1.1E-130");
    const b = normalizeNumber("1E-130");
    expect(outcome(() => subtractNumbers(a, b))).toBe(UNDERFLOW);
  });

  test("agrees with decimal arithmetic", () => {
    const operand = fc.oneof(canonical, fc.maxSafeInteger().map(String));
    fc.assert(
      fc.property(operand, operand, (a, b) => {
        expect(outcome(() => addNumbers(a, b))).toBe(expected(new Exact(a).plus(b), OVERFLOW));
        expect(outcome(() => subtractNumbers(a, b))).toBe(expected(new Exact(a).minus(b), OVERFLOW));
      }),
      { numRuns: 2000 },
    );
  });
});

/** A pair of numbers, often close to each other. */
const pair = fc
  .oneof(
    fc.tuple(canonical, canonical),
    fc
      .tuple(canonical, fc.constantFrom("1", "0.1", "-1", "1e-20"))
      .map(([a, step]): [string, string] => [a, outcome(() => addNumbers(a, normalizeNumber(step)))]),
  )
  .filter(([, b]) => /^-?\d/.test(b));

describe("order", () => {
  test("agrees with decimal order, in keys too", () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const order = new Exact(a).cmp(b);
        expect(Math.sign(compareNumbers(a, b))).toBe(order);
        const [x, y] = [encodeNumberKey(a), encodeNumberKey(b)];
        expect(x === y ? 0 : x < y ? -1 : 1).toBe(order);
        // Self-delimiting: whatever follows does not change the order of different numbers.
        if (order !== 0) expect(`${x}\xff` < `${y}\x00`).toBe(order < 0);
      }),
      { numRuns: 3000 },
    );
  });

  test("keys are bytes, at most 22 of them", () => {
    fc.assert(
      fc.property(canonical, (text) => {
        const key = encodeNumberKey(text);
        expect(key.length).toBeLessThanOrEqual(22);
        expect([...key].every((char) => char.charCodeAt(0) <= 0xff)).toBe(true);
      }),
    );
  });

  test("the format of keys is frozen", () => {
    const hex = (text: string) =>
      Buffer.from(encodeNumberKey(normalizeNumber(text)), "latin1").toString("hex");
    expect(hex("0")).toBe("8000");
    expect(hex("1")).toBe("80830b00");
    expect(hex("-1")).toBe("7f7df4ff");
    expect(hex("123.4")).toBe("80850d2300");
    expect(hex("-0.05")).toBe("7f7fccff");
    expect(hex("1E125")).toBe("81000b00");
    expect(hex("1E-130")).toBe("80010b00");
  });
});

describe("size", () => {
  test.each([
    ["0", 1],
    ["42", 2],
    ["-42", 3],
    ["0.0000001", 2],
    ["1E125", 2],
    ["100", 2],
    ["123", 3],
    ["1200.5", 4],
    ["1.0005", 4],
    ["0.05", 2],
    ["-0.123", 4],
    ["9".repeat(38), 20],
  ])("%s takes %d bytes", (text, size) => {
    expect(numberSize(normalizeNumber(text))).toBe(size);
  });

  test("agrees with counting the trimmed digits", () => {
    fc.assert(
      fc.property(canonical, (text) => {
        const [integer = "", fraction = ""] = text.replace("-", "").split(".");
        const significant = fraction === "" ? integer.replace(/0+$/, "") : integer.replace(/^0+/, "");
        const rest = significant === "" ? fraction.replace(/^0+/, "") : fraction;
        const plain =
          1 + Math.ceil(significant.length / 2) + Math.ceil(rest.length / 2) + (text.startsWith("-") ? 1 : 0);
        expect(numberSize(text)).toBe(plain);
      }),
    );
  });
});
