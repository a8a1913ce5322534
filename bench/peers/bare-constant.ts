/** What Bun.serve can do at most: the same constant, the request not even read. `bun bare-constant.ts <file with the constant body>`. */
import { readFileSync } from "node:fs";

const body = readFileSync(process.argv[2] ?? "", "utf8");
const server = Bun.serve({
  port: 0,
  hostname: "127.0.0.1",
  idleTimeout: 255,
  fetch: () => new Response(body),
});
console.log(`endpoint http://127.0.0.1:${server.port}`);
