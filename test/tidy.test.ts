/**
 * The laws of the project, as data and small functions. Each finding names the file and the cure.
 * The layers are explained in ARCHITECTURE.md.
 */
import { expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { registry } from "../src/operations/registry.ts";
import {
  functionsOf,
  reachable,
  root,
  type SourceFile,
  sourceFile,
  sourceFiles,
} from "./support/source-files.ts";

const product = sourceFiles("src", "storage");
const others = sourceFiles("test", "scripts", "bench");
const all = [...product, ...others];

/** From the top downwards. A file imports its own unit or units of lower rows; those of one row do not see each other. */
const layers: Readonly<Record<"src" | "storage", readonly (readonly string[])[]>> = {
  src: [
    ["main"],
    ["cli"],
    ["config"],
    ["http"],
    ["operations"],
    ["partiql", "transfer"],
    ["protocol", "expressions", "tables"],
    ["values"],
    ["runtime"],
    ["errors", "version"],
  ],
  storage: [
    ["index"],
    ["offline"],
    ["engine"],
    ["compaction", "checkpoint", "feed"],
    ["history"],
    ["memtable", "wal", "sstable", "manifest"],
    ["merging-iterator", "frame", "options"],
    ["iterator", "encoding", "lz4", "vfs", "clock", "random"],
    ["page"],
    ["store", "errors"],
  ],
};

/** The units of `src/` that may import the seam, `storage/index.ts`. */
const seamUsers = ["main", "cli", "tables"];

/** Where each package may be imported. Others may not be, until they have a line here and in docs/dependencies.md. */
const packages: Readonly<Record<string, readonly string[]>> = {
  "big.js": ["src/values/"],
  hono: ["src/http/"],
  "lz4-napi": ["storage/sstable/"],
  msgpackr: ["src/tables/", "storage/manifest/", "storage/checkpoint/"],
  uuid: ["src/runtime/"],
};

/** What only some places may touch: everything else is handed a clock, a file system, a server. */
const reserved = [
  {
    what: "the wall clock",
    pattern: /\bDate\.now\(|\bnew Date\(\)/,
    places: ["storage/clock.ts", "src/runtime/"],
  },
  {
    what: "timers and turns of the event loop",
    pattern: /\b(setTimeout|setInterval|setImmediate|queueMicrotask|nextTick)\b/,
    places: ["storage/clock.ts", "src/runtime/", "src/cli/"],
  },
  {
    what: "chance",
    pattern: /\b(Math\.random|randomUUID|getRandomValues)\b|"node:crypto"/,
    places: ["storage/random.ts", "src/runtime/"],
  },
  { what: "the file system", pattern: /"node:fs(\/promises)?"/, places: ["storage/vfs/", "src/runtime/"] },
  {
    what: "Bun's own API",
    pattern: /\bBun\.|"bun(:\w+)?"/,
    places: ["storage/vfs/", "storage/encoding.ts", "src/runtime/"],
  },
  { what: "the console", pattern: /\bconsole\./, places: [] },
];

const linesMax = 600;
const linesWarn = 400;
const functionLinesMax = 70;
/** Functions that may be longer, each with the reason: "path: text of its first line". */
const longFunctions: ReadonlyMap<string, string> = new Map();

/** Where programs begin. What these do not reach is dead. */
const productEntries = ["src/main.ts", "storage/index.ts", "storage/compaction/worker.ts"];

/** What only tests use and is kept all the same, each with the reason. A trailing "/" names a folder. */
const kept: readonly { readonly place: string; readonly reason: string }[] = [];

function unitOf(path: string): { side: string; unit: string; row: number } {
  const [side = "", second = ""] = path.split("/");
  const rows = side === "src" || side === "storage" ? layers[side] : [];
  const name = second.replace(/\.ts$/, "");
  const isRootFile = second.endsWith(".ts");
  const row = rows.findIndex((units) => units.includes(name));
  // The engine is all those files of storage/ itself that are no layer of their own.
  const engineRow = layers.storage.findIndex((units) => units.includes("engine"));
  if (row < 0 && side === "storage" && isRootFile) return { side, unit: "engine", row: engineRow };
  return { side, unit: name, row };
}

function layerFindings({ path, imports }: SourceFile): string[] {
  const from = unitOf(path);
  if (from.row < 0)
    return [`${path}: "${from.unit}" has no layer; give it one in test/tidy.test.ts and ARCHITECTURE.md`];
  return imports.flatMap((target) => {
    const to = unitOf(target);
    if (target.startsWith("storage/") && from.side === "src") {
      if (target !== "storage/index.ts") return [`${path} imports ${target}; the seam is storage/index.ts`];
      return seamUsers.includes(from.unit) ? [] : [`${path} imports the store; ask src/tables for it`];
    }
    if (!/^(src|storage|test|scripts|bench)\//.test(target)) return [];
    if (to.side !== from.side) return [`${path} imports ${target}, which is no part of ${from.side}/`];
    if (to.unit === from.unit || to.row > from.row) return [];
    return [`${path} imports ${target}, which is not below it; move what both need to a lower layer`];
  });
}

function packageFindings({ path, imports }: SourceFile): string[] {
  return imports.flatMap((target) => {
    if (/^(src|storage|test|scripts|bench)\/|^(node|bun):|^bun$|^package\.json$/.test(target)) return [];
    const name = target.split("/", target.startsWith("@") ? 2 : 1).join("/");
    if (packages[name]?.some((place) => path.startsWith(place)) === true) return [];
    return [`${path} imports the package ${name}; see the table "packages" in test/tidy.test.ts`];
  });
}

function reservedFindings({ path, text }: SourceFile): string[] {
  const code = withoutComments(text);
  return reserved
    .filter(({ pattern, places }) => pattern.test(code) && !places.some((place) => path.startsWith(place)))
    .map(
      ({ what, places }) =>
        `${path} uses ${what}; it is for ${places.join(", ") || "nobody"}: take it as a parameter`,
    );
}

const withoutComments = (text: string): string => text.replace(/\/\*.*?\*\/|^\s*\/\/[^\n]*$/gms, "");

function barrelFindings({ path, text }: SourceFile): string[] {
  if (path === "storage/index.ts" || !/^export\s[^;]*?\sfrom\s+"/m.test(text)) return [];
  return [`${path} exports what another file defines; let users import it from there`];
}

function lengthFindings({ path, text }: SourceFile): string[] {
  const lines = text.split("\n").length - 1;
  if (lines > linesWarn)
    console.warn(`${path}: ${lines} lines; more than ${linesWarn}, time to think of two files`);
  return lines > linesMax ? [`${path}: ${lines} lines, more than ${linesMax}; split it by ideas`] : [];
}

function functionFindings(file: SourceFile): string[] {
  return functionsOf(file)
    .filter(({ lines, name, body }) => {
      // A block of test cases is a list, not a function.
      const isList = file.path.startsWith("test/") && /\b(test|describe)(\.\w+(\(.*\))?)?\(/.test(body);
      return lines > functionLinesMax && !isList && !longFunctions.has(`${file.path}: ${name}`);
    })
    .map(
      ({ name, line, lines }) =>
        `${file.path}:${line}: ${lines} lines, more than ${functionLinesMax}: "${name}"; give its parts names`,
    );
}

function wordFindings({ path, text }: { readonly path: string; readonly text: string }): string[] {
  const banned = [
    {
      pattern: /(^|[\s"'`(=])\/(work|root|tmp\/bash_jobs)\//m,
      cure: "a path of one machine; write it relative",
    },
    { pattern: /\b(TODO|FIXME|XXX)\b/, cure: "do it, or open an issue" },
    { pattern: /@ts-(ignore|nocheck)/, cure: "say it in types" },
    { pattern: /\b(test|it|describe)\.only\(/, cure: "it silences all other tests" },
    { pattern: /^(<<<<<<<|>>>>>>>) /m, cure: "an unfinished merge" },
  ];
  return banned.flatMap(({ pattern, cure }) => {
    const found = pattern.exec(text)?.[0];
    return found === undefined ? [] : [`${path} contains "${found.trim()}": ${cure}`];
  });
}

function nameFindings({ path }: SourceFile): string[] {
  return /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|bench))?\.ts$/.test(basename(path))
    ? []
    : [`${path}: file names are lower-case words joined by "-"`];
}

function importPathFindings({ path, imports }: SourceFile): string[] {
  return imports
    .filter((target) => /^(src|storage|test|scripts|bench)\//.test(target) && !existsSync(join(root, target)))
    .map((target) => `${path} imports ${target}, which does not exist; imports carry their ".ts"`);
}

function deadFindings(): string[] {
  const live = reachable(product, productEntries);
  const unreached = product.filter(({ path }) => !live.has(path));
  const isKept = (path: string) => kept.some(({ place }) => path.startsWith(place));
  const dead = unreached.filter(({ path }) => !isKept(path));
  const idle = kept.filter(({ place }) => !unreached.some(({ path }) => path.startsWith(place)));
  const isRun = ({ path }: SourceFile) =>
    path.endsWith(".test.ts") ||
    /^(scripts|bench)\/([\w-]+|peers\/[\w-]+|micro\/[\w-]+\.bench)\.ts$/.test(path);
  const liveOthers = reachable(
    others,
    others.filter(isRun).map(({ path }) => path),
  );
  const unused = others.filter(({ path }) => !liveOthers.has(path));
  return [
    ...dead.map(
      ({ path }) => `${path} is reached from none of ${productEntries.join(", ")}; use it or delete it`,
    ),
    ...idle.map(({ place }) => `${place} is in use or gone; take it out of the table "kept"`),
    ...unused.map(({ path }) => `${path} is used by no test, script or benchmark; use it or delete it`),
  ];
}

const kebab = (name: string): string => name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, "-").toLowerCase();

function registryFindings(): string[] {
  const registered = registry.flatMap(({ name, status, operation }) => {
    const file = `src/operations/${kebab(name)}.ts`;
    const isBuilt = status !== "not-yet";
    if (isBuilt !== (operation !== undefined))
      return [`${name} is "${status}" in the registry, which its entry belies`];
    if (isBuilt && operation?.name !== name)
      return [`${name} is registered with the operation ${operation?.name}`];
    if (isBuilt === existsSync(join(root, file))) return [];
    return [isBuilt ? `${name} is built, but not in ${file}` : `${file} exists, but ${name} is "not-yet"`];
  });
  const names = registry.map(({ service, name }) => `${service}.${name}`);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  const known = new Set(registry.map(({ name }) => `src/operations/${kebab(name)}.ts`));
  const stray = product
    .filter(
      ({ path, text }) => path.startsWith("src/operations/") && /^export const \w+ = operation\(/m.test(text),
    )
    .filter(({ path }) => !known.has(path))
    .map(({ path }) => `${path} defines an operation that src/operations/registry.ts does not list`);
  return [...registered, ...twice.map((name) => `${name} is registered twice`), ...stray];
}

function manifestFindings(): string[] {
  const manifest: Record<"dependencies" | "devDependencies", Record<string, string>> = JSON.parse(
    readFileSync(join(root, "package.json"), "utf8"),
  );
  const document = readFileSync(join(root, "docs", "dependencies.md"), "utf8");
  const versions = Object.entries({ ...manifest.dependencies, ...manifest.devDependencies });
  return versions.flatMap(([name, version]) => [
    ...(/^\d+\.\d+\.\d+$/.test(version) ? [] : [`package.json: pin ${name} exactly, not "${version}"`]),
    ...(document.includes(`\`${name}\``) ? [] : [`docs/dependencies.md does not say what ${name} is for`]),
  ]);
}

const written = ["*.md", "docs/**/*.md", "*.json", "scripts/*.mjs", ".ci/run"].flatMap((pattern) =>
  [...new Bun.Glob(pattern).scanSync({ cwd: root, dot: true })].map((path) => ({
    path,
    text: readFileSync(join(root, path), "utf8"),
  })),
);

const laws: Readonly<Record<string, () => string[]>> = {
  "imports go downwards": () => product.flatMap(layerFindings),
  "packages are imported where they belong": () => product.flatMap(packageFindings),
  "clock, files, Bun and console have their places": () => product.flatMap(reservedFindings),
  "there are no barrels": () => product.flatMap(barrelFindings),
  "files are short": () => all.flatMap(lengthFindings),
  "functions are short": () => all.flatMap(functionFindings),
  "files are named alike": () => all.flatMap(nameFindings),
  "imports name files that exist": () => all.flatMap(importPathFindings),
  "no file is dead": deadFindings,
  "words that do not belong": () =>
    [...all, ...written].filter(({ path }) => path !== "test/tidy.test.ts").flatMap(wordFindings),
  "the registry equals the folder": registryFindings,
  "dependencies are pinned and explained": manifestFindings,
};

for (const [name, findings] of Object.entries(laws)) {
  test(name, () => expect(findings()).toEqual([]));
}

test("the laws look at everything there is", () => {
  expect(product.length).toBeGreaterThan(100);
  expect(product.flatMap(({ imports }) => imports).length).toBeGreaterThan(product.length);
  expect(all.flatMap(functionsOf).length).toBeGreaterThan(all.length);
});

/** One breach of each law that looks at single files; a law that lets it pass has gone blind. */
const breaches: Readonly<
  Record<string, readonly [(file: SourceFile) => string[], path: string, text: string]>
> = {
  "a peer": [layerFindings, "storage/wal/x.ts", 'import type { A } from "../sstable/a.ts";'],
  "a higher layer": [layerFindings, "src/values/x.ts", 'import { a } from "../tables/a.ts";'],
  "the engine from below": [layerFindings, "storage/feed/x.ts", 'import {\n  a,\n} from "../engine.ts";'],
  "storage behind the seam": [
    layerFindings,
    "src/tables/x.ts",
    'import { a } from "../../storage/wal/a.ts";',
  ],
  "the seam from elsewhere": [
    layerFindings,
    "src/operations/x.ts",
    'import { a } from "../../storage/index.ts";',
  ],
  "DynamoDB from the store": [layerFindings, "storage/x.ts", 'import { a } from "../src/errors.ts";'],
  "tests from the product": [
    layerFindings,
    "src/tables/x.ts",
    'import { a } from "../../test/support/a.ts";',
  ],
  "a folder without a layer": [layerFindings, "src/helpers/x.ts", ""],
  "a package out of place": [packageFindings, "src/tables/x.ts", 'import { Hono } from "hono/tiny";'],
  "the time of day": [reservedFindings, "src/tables/x.ts", "const now = Date.now();"],
  "files past the Vfs": [reservedFindings, "storage/wal/x.ts", 'import * as fs from "node:fs";'],
  "a barrel": [barrelFindings, "src/values/x.ts", 'export * from "./number.ts";'],
  "a long file": [lengthFindings, "src/values/x.ts", "\n".repeat(linesMax + 1)],
  "a long function": [
    functionFindings,
    "src/values/x.ts",
    `  #a(b: string): void {\n${"    b;\n".repeat(69)}  }\n`,
  ],
  "a long closure": [functionFindings, "src/values/x.ts", `const a = () => {\n${"  b;\n".repeat(69)}};\n`],
  "a capital": [nameFindings, "src/values/Number.ts", ""],
  "a missing file": [importPathFindings, "src/values/x.ts", 'import { a } from "./number";'],
  "an unfinished thought": [wordFindings, "src/values/x.ts", `// ${"TO"}DO later`],
};

for (const [name, [law, path, text]] of Object.entries(breaches)) {
  test(`a law notices ${name}`, () => expect(law(sourceFile(path, text))).toHaveLength(1));
}
