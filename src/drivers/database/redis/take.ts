// A snapshot of the running store: fetched as a replica gets it, loaded into a server of our own, and written down.
import { ok, type Result } from "../../../core/result.ts";
import type { Backup } from "../../../ports/database.ts";
import type { Op } from "../../../ports/op.ts";
import { passEpoch } from "../epoch.ts";
import { passLabel } from "../kept-label.ts";
import { type Context, withLive } from "./context.ts";
import { aboutServer, identityOf } from "./identity.ts";
import { type About, keepFile } from "./keep.ts";
import { backupOf, filePath, prune, readManifest } from "./manifest.ts";
import { lookAtServer } from "./server.ts";
import { settleAll } from "./settle.ts";
import { clearSpares } from "./spares.ts";

export async function take(context: Context, op: Op, label: string): Promise<Result<Backup>> {
  const named = passLabel(label);
  if (!named.ok) return named;
  const passed = await passEpoch({ ...context, ...context.config, subject: "redis" }, op);
  if (!passed.ok) return passed;
  const id = `${label}-${op.id}`;
  const done = await readManifest(context, id);
  if (!done.ok) return done;
  if (done.value !== null) return ok(backupOf(done.value));
  return withLive(context, async (live, reached) => {
    const settled = await settleAll(context, live, { signal: op.signal, but: null });
    if (!settled.ok) return settled;
    const facts = await lookAtServer(live);
    if (!facts.ok) return facts;
    const cleared = await clearSpares(live, facts.value, (tag) => tag.state !== "kept");
    if (!cleared.ok) return cleared;
    const store = await identityOf(context, live, facts.value);
    if (!store.ok) return store;
    const path = filePath(context, id);
    // Of an attempt that was killed: without a manifest it is nothing.
    const clean = await context.files.remove(path);
    if (!clean.ok) return clean;
    const at = context.clock.now();
    const fetched = await context.dial.fetch(reached, path, op.signal);
    if (!fetched.ok) return fetched;
    const about: About = { id, op: op.id, at, store: store.value, server: aboutServer(facts.value) };
    const made = await keepFile(context, path, about, op.signal);
    if (!made.ok) return made;
    const pruned = await prune(context);
    return pruned.ok ? ok(backupOf(made.value)) : pruned;
  });
}
