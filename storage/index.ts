/** The whole public surface of the store: nothing else of `storage/` is imported from outside. */

export { type Clock, systemClock } from "./clock.ts";
export type { Counters, LocalStore } from "./counters.ts";
export { openStore } from "./engine.ts";
export { StorageError, type StorageErrorKind } from "./errors.ts";
export { lossText, problemText } from "./offline/problem.ts";
export type { RepairReport } from "./offline/repair.ts";
export type { StoppedStats } from "./offline/stats.ts";
export { planStoreRepair, readStoreRows, readStoreStats, repairStore, verifyStore } from "./offline/tools.ts";
export type { VerifyReport } from "./offline/verify.ts";
export type { Durability, StoreOptions } from "./options.ts";
export type * from "./store.ts";
export { diskVfs } from "./vfs/disk.ts";
export { memoryVfs } from "./vfs/memory.ts";
export type { Vfs } from "./vfs/vfs.ts";
