import { doubleStore } from "../support/double-store.ts";
import { storeSuite } from "./suite.ts";

const seed = Number(process.env["SEED"] ?? 1 + Math.floor(Math.random() * 1e6));
console.log(`doubles run with SEED=${seed}`);

storeSuite("the plain reference", { open: async () => doubleStore() });
storeSuite("a slow store that conflicts", {
  open: async () => doubleStore({ seed, delays: true, conflictRate: 0.1 }),
});
