/**
 * Several document paths as one tree, so that an item is walked once for all of them. No path may lead through the end of another
 * (overlap), and none may take for a list what another takes for a map (conflict).
 */
import { type DocumentPath, formatPath } from "../values/document-path.ts";
import type { Findings } from "./findings.ts";

export interface PathTree {
  /** Steps that lead on: all names, or all list indexes in ascending order. */
  readonly children: ReadonlyMap<string | number, PathTree>;
  /** Position, among the given paths, of the one that ends here; -1 where none does. */
  readonly end: number;
}

interface Branch {
  children: Map<string | number, Branch>;
  end: number;
}

/** The tree of `paths`. Reports two that overlap or conflict; the tree is then incomplete. */
export function pathTree(paths: readonly DocumentPath[], findings: Findings): PathTree {
  const root: Branch = { children: new Map(), end: -1 };
  for (const [position, path] of paths.entries()) {
    if (insert(root, path, position)) continue;
    reportClashes(paths, findings);
    break;
  }
  sortIndexes(root);
  return root;
}

/** False when the path clashes with one that is in the tree. */
function insert(root: Branch, path: DocumentPath, position: number): boolean {
  let node = root;
  for (const step of path) {
    if (node.end !== -1 || conflicts(node, step)) return false;
    let next = node.children.get(step);
    if (next === undefined) {
      next = { children: new Map(), end: -1 };
      node.children.set(step, next);
    }
    node = next;
  }
  if (node.end !== -1 || node.children.size > 0) return false;
  node.end = position;
  return true;
}

function conflicts(node: Branch, step: string | number): boolean {
  for (const sibling of node.children.keys()) return typeof sibling !== typeof step;
  return false;
}

function sortIndexes(node: Branch): void {
  for (const next of node.children.values()) sortIndexes(next);
  if (node.children.size < 2) return;
  const entries = [...node.children];
  if (entries.every(([step]) => typeof step === "number")) {
    node.children = new Map(entries.sort(([a], [b]) => Number(a) - Number(b)));
  }
}

function reportClashes(paths: readonly DocumentPath[], findings: Findings): void {
  for (const [position, second] of paths.entries()) {
    for (const first of paths.slice(0, position)) {
      const clash = clashOf(first, second);
      if (clash === undefined) continue;
      findings.report(
        clash,
        `Two document paths ${clash} with each other; must remove or rewrite one of these paths; path one: ${formatPath(first)}, path two: ${formatPath(second)}`,
      );
    }
  }
}

function clashOf(a: DocumentPath, b: DocumentPath): "overlap" | "conflict" | undefined {
  const length = Math.min(a.length, b.length);
  for (let depth = 0; depth < length; depth++) {
    if (a[depth] !== b[depth]) return typeof a[depth] === typeof b[depth] ? undefined : "conflict";
  }
  return "overlap";
}
