/**
 * Walnut as `walnut serve` puts it together, with what it has done so far at `GET /_counters`: Counted as JSON.
 *
 *     bun counted-server.ts <data directory> [<memtable bytes>]
 */
import { createFetch } from "../../src/http/app.ts";
import { listen } from "../../src/runtime/listen.ts";
import { type Counters, diskVfs, openStore, type Vfs } from "../../storage/index.ts";
import { inProcess } from "../../test/support/in-process.ts";

export interface Counted extends Counters {
  /** Calls of fdatasync by this thread but for SSTables, which are written by another: the log's. */
  readonly syncs: number;
}

let syncs = 0;

/** Counts the syncs of all files opened through it. */
function counting(inner: Vfs): Vfs {
  const file = (opened: ReturnType<Vfs["create"]>): ReturnType<Vfs["create"]> => ({
    path: opened.path,
    read: (into, position) => opened.read(into, position),
    write: (from, position) => opened.write(from, position),
    datasync: () => {
      syncs += 1;
      return opened.datasync();
    },
    datasyncNow: () => opened.datasyncNow(),
    truncate: (size) => opened.truncate(size),
    size: () => opened.size(),
    close: () => opened.close(),
  });
  return {
    root: inner.root,
    create: (path) => file(inner.create(path)),
    open: (path, mode) => file(inner.open(path, mode)),
    exists: (path) => inner.exists(path),
    list: (directory) => inner.list(directory),
    makeDirectory: (path) => inner.makeDirectory(path),
    rename: (from, to) => inner.rename(from, to),
    link: (from, to) => inner.link(from, to),
    unlink: (path) => inner.unlink(path),
    syncDirectory: (directory) => inner.syncDirectory(directory),
    lock: (path) => inner.lock(path),
    freeBytes: () => inner.freeBytes(),
  };
}

const [directory = "", memtableBytes] = process.argv.slice(2);
const store = await openStore({
  vfs: counting(diskVfs(directory)),
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
      ? Response.json({ ...store.counters(), syncs } satisfies Counted)
      : fetch(request),
});
process.on("SIGTERM", () => process.exit(0));
console.log(`endpoint http://127.0.0.1:${listener.port}`);
