// What a change makes ready beside an edge, and the one act that puts it in place.
import { join } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import { act, type Target } from "./act.ts";
import type { RouteRecord } from "./records.ts";

/** Everybody may look into these folders: the workers of nginx run as another user. */
export async function openFolders(deps: Target, op: Op, folders: readonly string[]): Promise<Result<void>> {
  const made = await act(deps.host, op, ["install", "-d", "-m", "755", "--", ...folders]);
  return made.ok ? ok(undefined) : made;
}

const nexts = /^next-\d+-.+$/;

export function nextName(op: Op, { seq }: RouteRecord): string {
  return `next-${seq}-${op.id}-${op.epoch}`;
}

export async function sweepNext(folder: string, { files }: Target): Promise<Result<void>> {
  const names = await files.list(folder);
  if (!names.ok) return names;
  for (const name of names.value.filter((one) => nexts.test(one))) {
    const removed = await files.remove(join(folder, name));
    if (!removed.ok) return removed;
  }
  return ok(undefined);
}

/** rename(2): whoever swept the source before made sure that this does nothing. */
export async function moveNext(next: string, to: string, target: Target, op: Op): Promise<Result<void>> {
  const moved = await act(target.host, op, ["mv", "-fT", "--", next, to]);
  return moved.ok ? ok(undefined) : goneOr(moved, next, target);
}

export async function goneOr(bad: Result<never>, next: string, { files }: Target): Promise<Result<never>> {
  const left = await files.stat(next);
  if (!left.ok || left.value !== null) return bad;
  const what = "somebody else changed the route at the same time";
  return problem("conflict", what, "read the route again and plan anew", next);
}
