import type { JobExecutor } from "./executor.ts";

/**
 * Runs jobs in a Worker (started at the first job), which opens the files itself below `root` (`Vfs.root`). A Worker that dies
 * rejects its jobs; the next job starts a new one.
 */
export declare function workerExecutor(root: string): JobExecutor;
