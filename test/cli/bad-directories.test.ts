import { afterAll, describe, expect, test } from "bun:test";
import { spawnSync } from "node:child_process";
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Data directories that cannot be served: one clear line, the right status, nothing touched. */
const MAIN = resolve(import.meta.dirname, "../../src/main.ts");
const FIXTURE = resolve(import.meta.dirname, "../fixtures/format-v1/closed");
const root = mkdtempSync(join(tmpdir(), "walnut-bad-"));
afterAll(() => {
  spawnSync("chmod", ["-R", "u+rwX", root]);
  rmSync(root, { recursive: true, force: true });
});

let count = 0;
function directory(): string {
  count += 1;
  const path = join(root, String(count));
  mkdirSync(path);
  return path;
}

function stored(): string {
  const path = directory();
  cpSync(FIXTURE, path, { recursive: true });
  return path;
}

function run(command: readonly string[]) {
  const [program = "", ...argv] = command;
  const { status, stdout, stderr } = spawnSync(program, argv, { timeout: 20_000 });
  return { status, out: stdout.toString(), error: stderr.toString() };
}

const walnut = (...argv: string[]) => [process.execPath, MAIN, ...argv];
const serve = (data: string) => walnut("serve", "--port", "0", "--data-dir", data);

/** Runs a command that sees `path` as a read-only file system. */
const readOnly = (path: string, command: readonly string[]) => [
  "unshare",
  "--user",
  "--map-root-user",
  "--mount",
  "sh",
  "-c",
  'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"',
  path,
  ...command,
];

const canMount = run(readOnly(directory(), ["true"])).status === 0;
const isRoot = process.getuid?.() === 0;

describe("a read-only file system", () => {
  test.skipIf(!canMount)(
    "cannot be served, and says why; it can be verified (needs user namespaces with mounts)",
    () => {
      const data = stored();
      const names = readdirSync(data);
      expect(run(readOnly(data, serve(data)))).toEqual({
        status: 74,
        out: "",
        error: expect.stringMatching(/^walnut: LOCK: lock failed: EROFS: read-only file system, [^\n]*\n$/),
      });
      expect(run(readOnly(data, walnut("verify", "--data-dir", data)))).toMatchObject({
        status: 0,
        error: "",
      });
      expect(run(readOnly(data, walnut("stats", "--data-dir", data)))).toMatchObject({
        status: 0,
        error: "",
      });
      expect(run(readOnly(data, walnut("repair", "--data-dir", data)))).toMatchObject({
        status: 0,
        error: "",
      });
      expect(readdirSync(data)).toEqual(names);
    },
  );
});

describe("a directory without permission", () => {
  test.skipIf(isRoot)("is named with the reason (root may do everything: skipped)", () => {
    const data = stored();
    chmodSync(data, 0o555);
    expect(run(serve(data))).toMatchObject({
      status: 74,
      error: expect.stringMatching(/^walnut: LOCK: lock failed: EACCES: [^\n]*\n$/),
    });
    chmodSync(data, 0o755);
    chmodSync(join(data, "CURRENT"), 0);
    expect(run(serve(data))).toMatchObject({
      status: 74,
      error: expect.stringMatching(/^walnut: CURRENT: open failed: EACCES: [^\n]*\n$/),
    });
  });
});

test("a file in the place of the directory is named", () => {
  const file = join(directory(), "data");
  writeFileSync(file, "precious");
  const { status, error } = run(serve(file));
  expect({ status, error }).toEqual({
    status: 74,
    error: expect.stringMatching(/^walnut: .*data: mkdir failed: (EEXIST|ENOTDIR)[^\n]*\n$/),
  });
  expect(readFileSync(file, "utf8")).toBe("precious");
});

test("a directory in the place of a file of ours is named", () => {
  const data = stored();
  rmSync(join(data, "CURRENT"));
  mkdirSync(join(data, "CURRENT"));
  const { status, error } = run(serve(data));
  expect({ status, error }).toEqual({
    status: 74,
    error: expect.stringMatching(/^walnut: CURRENT: read failed: EISDIR[^\n]*\n$/),
  });
});

test("a mount point's own lost+found is no stranger", async () => {
  const data = directory();
  mkdirSync(join(data, "lost+found"));
  const child = Bun.spawn(serve(data), { stdout: "pipe", stderr: "pipe" });
  const { value } = await child.stdout.getReader().read();
  expect(new TextDecoder().decode(value)).toContain("endpoint");
  child.kill("SIGTERM");
  expect(await child.exited).toBe(0);
});

test("a directory may be a link to another", () => {
  const data = stored();
  const link = join(directory(), "link");
  symlinkSync(data, link);
  expect(run(walnut("verify", "--data-dir", link)).status).toBe(0);
});

test("a newer version's files are refused with file and offset, and left as they are", () => {
  const data = stored();
  const name = readdirSync(data).find((file) => file.startsWith("MANIFEST")) ?? "";
  const bytes = readFileSync(join(data, name));
  bytes.writeUInt32LE(9, 8);
  const crc = Bun.hash.crc32(bytes.subarray(16, 64), Bun.hash.crc32(bytes.subarray(0, 12)));
  bytes.writeUInt32LE(crc, 12);
  writeFileSync(join(data, name), bytes);
  for (const command of [
    serve(data),
    walnut("verify", "--data-dir", data),
    walnut("repair", "--accept-loss", "--data-dir", data),
  ]) {
    expect(run(command)).toMatchObject({
      status: 78,
      error: `walnut: ${name}: manifest format 9 is not known to this version\n`,
    });
  }
  expect(readFileSync(join(data, name))).toEqual(bytes);
});
