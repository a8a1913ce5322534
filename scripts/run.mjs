/**
 * Runs `<file> <arguments>` on the pinned Bun: what `npm start`, `npm test` and the others go through.
 *
 * The only JavaScript of the project: it runs on a bare Node 20 (no Bun) and on a bare Bun (no Node, no npm), before
 * anything is installed. It installs what is missing, leaves every tracked file as it is, and stays out of the way
 * otherwise: when the stamp in node_modules matches, it reads three small files and starts Bun.
 */
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bunPath = join(root, "node_modules", "bun", "bin", "bun.exe");
const stampPath = join(root, "node_modules", ".walnut-installed");
const isWindows = process.platform === "win32";

const [file, ...args] = process.argv.slice(2);
if (file === undefined) fail("usage: run.mjs <file> [arguments]");
if (!process.versions.bun && Number.parseInt(process.versions.node, 10) < 20) {
  fail(`Node 20 or newer is needed, this is ${process.versions.node}`);
}

// The server itself needs no development dependency; everything else does.
ensureInstalled(file === "src/main.ts" ? "production" : "all");
run(pinnedBun(), [join(root, file), ...args]);

/**
 * Compares the stamp ("production" or "all", then the two package files, byte for byte) and installs if it differs.
 * Where there is no stamp, somebody else may have installed everything (`npm install`, say); then it is only written.
 */
function ensureInstalled(wanted) {
  const manifest = readFileSync(join(root, "package.json"), "utf8");
  const packages = `${manifest}\n${readFileSync(join(root, "package-lock.json"), "utf8")}`;
  const stamp = readIfThere(stampPath);
  if (stamp === `all\n${packages}` || stamp === `${wanted}\n${packages}`) return;
  const scope = stamp?.startsWith("all\n") ? "all" : wanted;
  if (stamp !== undefined || !isInstalled(JSON.parse(manifest), scope)) {
    mkdirSync(dirname(stampPath), { recursive: true });
    writeFileSync(stampPath, "interrupted\n");
    install(scope);
  }
  writeFileSync(stampPath, `${scope}\n${packages}`);
}

/** Whether every direct dependency is there in its pinned version. */
function isInstalled({ dependencies, devDependencies }, scope) {
  const wanted = scope === "all" ? { ...dependencies, ...devDependencies } : dependencies;
  return Object.entries(wanted).every(([name, version]) => {
    const manifest = readIfThere(join(root, "node_modules", name, "package.json"));
    return manifest !== undefined && JSON.parse(manifest).version === version;
  });
}

function install(scope) {
  const bunInstall = [
    "install",
    "--frozen-lockfile",
    "--no-summary",
    ...(scope === "all" ? [] : ["--production"]),
  ];
  // Not `npm ci`: it removes what is there first, also what a running server is about to load.
  const npmInstall = [
    "install",
    "--no-save",
    "--no-audit",
    "--no-fund",
    "--prefer-offline",
    "--loglevel=error",
  ];
  if (scope === "production") npmInstall.push("--omit=dev");
  const npmScript = process.env.npm_execpath?.endsWith("npm-cli.js") ? process.env.npm_execpath : undefined;
  const npm = npmScript ? [process.execPath, [npmScript, ...npmInstall]] : ["npm", npmInstall];
  const installers = process.versions.bun ? [[process.execPath, bunInstall]] : [npm, ["bun", bunInstall]];

  console.error("Installing dependencies (once)…");
  for (const [command, parameters] of installers) {
    const shell = isWindows && command === "npm";
    const done = spawnSync(command, parameters, { cwd: root, shell, encoding: "utf8" });
    if (done.error?.code === "ENOENT") continue;
    if (done.status === 0) return;
    const reason =
      done.stderr.split("\n").find((line) => /\berror\b/i.test(line)) ?? `ended with ${done.status}`;
    fail(`dependencies could not be installed: ${reason} (${command} ${parameters.join(" ")})`);
  }
  fail("dependencies could not be installed: neither npm nor bun was found");
}

/**
 * Path of the Bun to use. Package managers that run no install scripts leave a stub of a few hundred bytes in the place
 * of the binary; its own install script then puts the binary there.
 */
function pinnedBun() {
  if (isBinary(bunPath)) return bunPath;
  const script = join(root, "node_modules", "bun", "install.js");
  spawnSync(process.execPath, [script], { cwd: dirname(script), stdio: ["ignore", "ignore", "inherit"] });
  if (isBinary(bunPath)) return bunPath;
  const { version } = JSON.parse(readFileSync(join(root, "node_modules", "bun", "package.json"), "utf8"));
  if (process.versions.bun !== undefined && !isOlder(process.versions.bun, version)) return process.execPath;
  return fail(
    `Bun ${version} could not be installed on ${process.platform} ${process.arch}; remove node_modules and try again`,
  );
}

function isBinary(path) {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).size > 1_000_000;
  } catch {
    return false;
  }
}

function isOlder(version, than) {
  const [a, b] = [version, than].map((text) => text.split(".").map((part) => Number.parseInt(part, 10)));
  const differs = a.findIndex((part, index) => part !== b[index]);
  return differs >= 0 && a[differs] < b[differs];
}

/** Runs the command in this process's place, as far as that is possible: same streams, same signals, same end. */
function run(command, parameters) {
  const child = spawn(command, parameters, { stdio: "inherit" });
  // A terminal sends its Ctrl-C to the child as well; passing it on would be a second one.
  const passedOn = process.stdin.isTTY ? ["SIGTERM"] : ["SIGTERM", "SIGINT", "SIGHUP"];
  const caught = ["SIGTERM", "SIGINT", "SIGHUP"];
  for (const signal of caught) process.on(signal, () => passedOn.includes(signal) && child.kill(signal));
  if (process.env.npm_lifecycle_event !== undefined) stopWithParent(child);
  child.on("error", (error) => fail(`${command} could not be started: ${error.message}`));
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const each of caught) process.removeAllListeners(each);
    process.kill(process.pid, signal);
  });
}

/** npm hands a SIGTERM to its shell, which dies of it without telling anyone: the child would go on as an orphan. */
function stopWithParent(child) {
  const parent = process.ppid;
  setInterval(() => process.ppid !== parent && child.kill("SIGTERM"), 250);
}

function readIfThere(path) {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return undefined;
  }
}

function fail(message) {
  console.error(`walnut: ${message}`);
  process.exit(1);
}
