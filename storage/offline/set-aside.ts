import { setAsidePrefix } from "../recovery.ts";
import type { Vfs } from "../vfs/vfs.ts";

/** Makes the directory for one repair. */
export function newSetAside(vfs: Vfs): string {
  const numbers = vfs.list("").map((name) => {
    return name.startsWith(setAsidePrefix) ? Number(name.slice(setAsidePrefix.length)) || 0 : 0;
  });
  const path = `${setAsidePrefix}${Math.max(0, ...numbers) + 1}`;
  vfs.makeDirectory(path);
  vfs.syncDirectory("");
  return path;
}

/** The name that a file has there. */
export function nameAside(directory: string, path: string): string {
  return `${directory}/${path.slice(path.lastIndexOf("/") + 1)}`;
}

/** Gives the files a second name in `directory`, under which they stay when the first one goes, and puts a report beside them. Durable when it returns. */
export function setAside(vfs: Vfs, directory: string, paths: readonly string[], report: string): void {
  for (const path of paths) vfs.link(path, nameAside(directory, path));
  const file = vfs.create(`${directory}/REPORT.txt`);
  try {
    file.write(new TextEncoder().encode(report), 0);
    file.datasyncNow();
  } finally {
    file.close();
  }
  vfs.syncDirectory(directory);
}
