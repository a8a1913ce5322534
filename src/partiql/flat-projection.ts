import type { Projection } from "../expressions/projection.ts";
import { newItem } from "../values/attribute-value.ts";
import { type DocumentPath, valueAt } from "../values/document-path.ts";

/** What SELECT makes of an item: each path's value under the path's last name, whatever that is nested in. */
export function flatProjection(paths: readonly DocumentPath[]): Projection {
  const columns = paths.map((path) => ({ path, name: nameOf(path) }));
  return {
    paths,
    pick: (item) => {
      const picked = newItem();
      for (const { path, name } of columns) {
        const value = valueAt(item, path);
        if (value !== undefined) picked[name] = value;
      }
      return picked;
    },
  };
}

/** The last name of a path and the list indexes after it: `m.k[0]` is `k[0]`. */
function nameOf(path: DocumentPath): string {
  const last = path.findLastIndex((step) => typeof step === "string");
  const [name, ...indexes] = path.slice(last);
  return `${name}${indexes.map((index) => `[${index}]`).join("")}`;
}
