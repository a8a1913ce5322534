/** `npm run build`: makes `dist/walnut`, the whole program in one executable file. */
import { statSync } from "node:fs";
import { join } from "node:path";
import { buildBinary } from "./support/build-binary.ts";
import { root, seconds } from "./support/run-command.ts";

const startMs = performance.now();
const outfile = join(root, "dist", process.platform === "win32" ? "walnut.exe" : "walnut");
await buildBinary(outfile);
console.log(`dist/walnut: ${(statSync(outfile).size / (1 << 20)).toFixed(0)} MiB, ${seconds(startMs)}`);
