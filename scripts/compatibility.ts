/**
 * `npm run docs`: writes docs/compatibility.md from `src/operations/registry.ts`, the one list of operations.
 * With `--check` it writes nothing and fails when the file is not what it would write.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RegistryEntry, registry, type Service, type Status } from "../src/operations/registry.ts";
import { root } from "./support/run-command.ts";

const path = join(root, "docs", "compatibility.md");

const statusWords: Readonly<Record<Status, string>> = {
  full: "full",
  partial: "partial",
  "not-yet": "not yet",
};
const serviceNames: Readonly<Record<Service, string>> = {
  DynamoDB: "DynamoDB",
  DynamoDBStreams: "DynamoDB Streams",
};

const cell = (text: string): string => text.replaceAll("|", "\\|");

function serviceSection(service: Service): string {
  const entries = registry.filter((entry) => entry.service === service);
  const groups = Map.groupBy(entries, ({ group }) => group);
  const row = ({ name, status, note }: RegistryEntry) =>
    `| ${name} | ${statusWords[status]} | ${cell(note)} |`;
  const tables = [...groups].map(([group, members]) =>
    [`### ${group}`, "", "| operation | status | remarks |", "|---|---|---|", ...members.map(row), ""].join(
      "\n",
    ),
  );
  return [`## ${serviceNames[service]}`, "", ...tables].join("\n");
}

function summary(): string {
  const count = (status: Status) => registry.filter((entry) => entry.status === status).length;
  return `${registry.length} operations: ${count("full")} full, ${count("partial")} partial, ${count("not-yet")} not yet.`;
}

function document(): string {
  const services = [...new Set(registry.map(({ service }) => service))];
  return `${[
    "# Compatibility",
    "",
    "<!-- Made from src/operations/registry.ts by `npm run docs`; edit that file. -->",
    "",
    `${summary()} *Full* answers as the service does. *Partial* lacks what the remark says. *Not yet* is known by name and`,
    "answered with an error that says so.",
    "",
    ...services.map(serviceSection),
  ]
    .join("\n")
    .trimEnd()}\n`;
}

const wanted = document();
if (process.argv.includes("--check")) {
  let found = "";
  try {
    found = readFileSync(path, "utf8");
  } catch {
    // A missing file is as out of date as a wrong one.
  }
  if (found !== wanted) {
    console.error("docs/compatibility.md is not what the registry says; run `npm run docs` and commit it");
    process.exitCode = 1;
  }
} else {
  writeFileSync(path, wanted);
  console.log(`docs/compatibility.md: ${summary()}`);
}
