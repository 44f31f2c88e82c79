// A backup of a template copy: the dump is read from it while the app goes on, so both are of one moment.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { Copied } from "../../../../ports/database.ts";
import type { Op } from "../../../../ports/op.ts";
import type { Context } from "../context.ts";
import { databaseFacts } from "../facts.ts";
import { tryExchange } from "../fence/lock.ts";
import { makeDump } from "../make-dump.ts";
import type { Manifest } from "../manifest.ts";
import { listManifests } from "../store.ts";
import { atDesk } from "../swap/entry.ts";
import { openFor } from "../swap/kept.ts";
import { expireCopies } from "./expire.ts";
import { type Copy, copiesThere, settleCopies } from "./notes.ts";
import { measureSpeed } from "./speed.ts";

type Wanted = { readonly id: string; readonly temp: string; readonly copied: Copied | null };

/** `missing` where the copy that was promised is gone: then there is no restore point, and no deploy. */
export function ofCopy(
  context: Context,
  op: Op,
  name: string,
  { id, temp, copied }: Wanted,
): Promise<Result<Manifest>> {
  return atDesk(context, async (desk) => {
    const there = await copiesThere(context, desk);
    if (!there.ok) return there;
    const copy = there.value.find((one) => one.name === name);
    if (copy === undefined)
      return problem("missing", `the template copy ${name} is gone`, "run again: it is taken anew", name);
    const live = await databaseFacts(desk, context.database);
    if (!live.ok) return live;
    return openFor(context, desk, copy, (session) =>
      makeDump(context, op, session, {
        ...{ id, temp, copied, from: name, of: live.value },
        amend: (manifest) => asOfThen(manifest, copy),
      }),
    );
  });
}

/** Nobody wrote into the copy: what counts is who had written into the live database by the moment that it was taken. */
function asOfThen(manifest: Manifest, { name, oid, point }: Copy): Manifest {
  const { op, at, s0, inexact, lsn, timeline } = point;
  return {
    ...manifest,
    at,
    snapshot: { s0, inexact },
    position: { ...manifest.position, lsn, timeline },
    copy: { op, name, oid },
  };
}

/** After each backup, while nobody waits. What can't be done now is done after the next one. */
export async function careForCopies(context: Context): Promise<void> {
  const manifests = await listManifests(context);
  const had = manifests.ok && manifests.value.some(({ copy }) => copy !== undefined);
  if (!context.config.copies && !had) return;
  await atDesk(context, async (desk) => {
    const free = await tryExchange(context, desk);
    if (!free.ok || !free.value) return free.ok ? ok(undefined) : free;
    const settled = await settleCopies(context, desk);
    if (settled.ok) await expireCopies(context, desk);
    await measureSpeed(context, desk);
    return ok(undefined);
  });
}
