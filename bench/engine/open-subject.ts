import type { Job } from "./job.ts";
import { LevelSubject } from "./leveldb.ts";
import { LmdbSubject } from "./lmdb.ts";
import { SqliteSubject } from "./sqlite.ts";
import type { EngineSubject } from "./subject.ts";
import { WalnutSubject } from "./walnut.ts";

export const SPACE = "bench";

/** Opens the engine a job is for, in the job's directory. */
export function openSubject(job: Job): Promise<EngineSubject> {
  switch (job.subject) {
    case "walnut":
      return WalnutSubject.open({ ...job, space: SPACE });
    case "leveldb":
    case "leveldb-await":
    case "leveldb-defaults":
      return LevelSubject.open({
        ...job,
        defaults: job.subject === "leveldb-defaults",
        promised: job.subject === "leveldb-await",
      });
    case "lmdb":
      return LmdbSubject.open(job);
    case "sqlite":
      return SqliteSubject.open(job);
  }
}
