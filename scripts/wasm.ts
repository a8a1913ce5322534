/**
 * Assembles storage/lz4/decoder.wat into storage/lz4/decoder-module.ts, so that neither a build nor a start needs an assembler.
 * `npm run wasm`; test/storage/lz4/decoder.test.ts fails when the two differ.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import wabt from "wabt";

const DIRECTORY = join(import.meta.dir, "../storage/lz4");
export const MODULE_FILE = join(DIRECTORY, "decoder-module.ts");

/** The text of the module file, from the source. */
export async function assembled(): Promise<string> {
  const { parseWat } = await wabt();
  const module = parseWat("decoder.wat", readFileSync(join(DIRECTORY, "decoder.wat"), "utf8"));
  const { buffer } = module.toBinary({});
  return [
    "// Generated from decoder.wat by scripts/wasm.ts. Do not edit.",
    "",
    "/** The WebAssembly module, in base64. */",
    "export const moduleBase64 =",
    `  "${Buffer.from(buffer).toString("base64")}";`,
    "",
  ].join("\n");
}

if (import.meta.main) writeFileSync(MODULE_FILE, await assembled());
