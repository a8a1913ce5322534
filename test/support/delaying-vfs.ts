import type { Vfs, VfsFile } from "../../storage/vfs/vfs.ts";

/** A file system whose syncs wait while they are held, so that what was decided stays invisible for as long as a test likes. */
export interface DelayingVfs extends Vfs {
  /** Syncs of files wait from now on. */
  hold(): void;
  /** Syncs happen, those that wait too. */
  release(): void;
  /** How many syncs of files were asked for. */
  readonly syncs: number;
}

/** Passes every call on to `inner`, syncs when they are not held. */
export function delayingVfs(inner: Vfs): DelayingVfs {
  let gate: PromiseWithResolvers<void> | undefined;
  let syncs = 0;
  const delayed = (file: VfsFile): VfsFile => ({
    path: file.path,
    read: (into, position) => file.read(into, position),
    write: (from, position) => file.write(from, position),
    datasync: async () => {
      syncs += 1;
      await gate?.promise;
      await file.datasync();
    },
    datasyncNow: () => file.datasyncNow(),
    truncate: (size) => file.truncate(size),
    size: () => file.size(),
    close: () => file.close(),
  });
  return {
    root: inner.root,
    create: (path) => delayed(inner.create(path)),
    open: (path, mode) => delayed(inner.open(path, mode)),
    exists: (path) => inner.exists(path),
    list: (directory) => inner.list(directory),
    makeDirectory: (path) => inner.makeDirectory(path),
    rename: (from, to) => inner.rename(from, to),
    link: (from, to) => inner.link(from, to),
    unlink: (path) => inner.unlink(path),
    syncDirectory: (directory) => inner.syncDirectory(directory),
    lock: (path) => inner.lock(path),
    freeBytes: () => inner.freeBytes(),
    get syncs() {
      return syncs;
    },
    hold: () => {
      gate ??= Promise.withResolvers();
    },
    release: () => {
      gate?.resolve();
      gate = undefined;
    },
  };
}
