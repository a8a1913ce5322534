import { type DoubleOptions, doubleStore } from "../support/double-store.ts";
import type { StoreFactory } from "./subject.ts";
import { storeSuite } from "./suite.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
console.log(`doubles run with SEED=${seed}`);

const double = (options: DoubleOptions): StoreFactory => ({
  open: async () => doubleStore(options),
  reopen: async () => doubleStore(options),
  missing: { reopen: "nothing of a double survives its close" },
});

storeSuite("the plain reference", double({}));
storeSuite("a slow store that conflicts", double({ seed, delays: true, conflictRate: 0.1 }));
