/**
 * Walnut as `walnut serve` puts it together, with what it has done so far at `GET /_counters`: Counted as JSON.
 *
 *     bun counted-server.ts <data directory> [<memtable bytes>]
 */
import { createFetch } from "../../src/http/app.ts";
import { listen } from "../../src/runtime/listen.ts";
import { type Counters, diskVfs, openStore } from "../../storage/index.ts";
import { inProcess } from "../../test/support/in-process.ts";

/** What `GET /_counters` answers. */
export type Counted = Counters;

const [directory = "", memtableBytes] = process.argv.slice(2);
const store = await openStore({
  vfs: diskVfs(directory),
  durability: { mode: "sync" },
  worker: true,
  ...(memtableBytes === undefined ? {} : { memtableBytesMax: Number(memtableBytes) }),
});
const { wire } = await inProcess(store);
const fetch = createFetch({
  wire,
  health: () => ({ status: "ok", version: "", commit: "", durability: "sync" }),
});
const listener = listen({
  port: 0,
  hostname: "127.0.0.1",
  bodyBytesMax: 16 << 20,
  tls: undefined,
  fetch: (request) =>
    request.method === "GET" && request.url.endsWith("/_counters")
      ? Response.json(store.counters() satisfies Counted)
      : fetch(request),
});
process.on("SIGTERM", () => process.exit(0));
console.log(`endpoint http://127.0.0.1:${listener.port}`);
