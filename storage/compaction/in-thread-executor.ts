import type { Vfs } from "../vfs/vfs.ts";
import type { JobExecutor } from "./executor.ts";

/** Runs jobs on this thread in slices of well under a millisecond, with a turn of the event loop between them. */
export declare function inThreadExecutor(vfs: Vfs): JobExecutor;
