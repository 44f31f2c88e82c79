// Before a deploy that brings a migration: is the way back proved? A note in its plan, or no deploy, as configured.
import { guardDrilled, unproved } from "../core/guard/drilled.ts";
import type { Release } from "../core/release.ts";
import type { Problem } from "../core/result.ts";
import type { App, Site } from "./app.ts";
import { backupState } from "./find-backup.ts";

export type Gated = { readonly notes: readonly string[]; readonly refused: Problem | null };

const open: Gated = { notes: [], refused: null };

/** `from`: what serves now. Before the first release there is no way back to prove. */
export async function drillGate(app: App, site: Site, from: Release | null): Promise<Gated> {
  const { drillGate: gate, env, tasks } = site.settings;
  if (!gate || gate.act === "off" || site.backups === null || from === null) return open;
  if (tasks.length === 0 && !(await isPending(site))) return open;
  const state = backupState(app, env);
  const now = app.deps.clock.now();
  const why = unproved(state, gate, now);
  if (why === null) return open;
  const note = `It brings a migration, and ${why.replace(/\.$/, "")} (lastgood drill).`;
  return { notes: [note], refused: guardDrilled(state, gate, now) };
}

/** Where that can't be asked, other notes say so. */
async function isPending({ migrations }: Site): Promise<boolean> {
  const status = await migrations?.driver.status();
  return status?.ok === true && status.value.pending.length > 0;
}
