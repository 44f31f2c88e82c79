// database.restore and the two ways back from it. ONCE: one atomic swap with the op as marker in the target.
import { z } from "zod";
import { isKept } from "../core/backups/kept.ts";
import type { Json } from "../core/json.ts";
import { ok, type Result } from "../core/result.ts";
import type { StepContext, StepKind, Verdict } from "../ports/step.ts";
import { databaseOf } from "./database-backup.ts";
import { ofInput, restoreInput } from "./inputs.ts";

type Once = {
  readonly kind: string;
  /** The backup to put in place; null when there is nothing to do. */
  wanted(context: StepContext, input: Json): Promise<Result<string | null>>;
};

function restoring({ kind, wanted }: Once): StepKind {
  return {
    kind,
    class: "once",
    limitMs: () => 60 * 60_000,
    before: async () => ok(null),
    async run(context, input) {
      const database = databaseOf(context.world, storeIn(input));
      const backup = await wanted(context, input);
      if (!database.ok) return database;
      if (!backup.ok) return backup;
      if (backup.value === null) return ok(null);
      const restored = await database.value.restore(context.op, backup.value);
      return restored.ok ? ok({ kept: restored.value.kept }) : restored;
    },
    probe: (context, input) => probeMarker(context, input, () => wanted(context, input)),
    repair: async () => ok(undefined),
  };
}

/** Undefined: the database itself. */
function storeIn(input: Json): string | undefined {
  return z.object({ store: z.string().optional() }).parse(input).store;
}

async function probeMarker(
  { world, op }: StepContext,
  input: Json,
  wanted: () => Promise<Result<string | null>>,
): Promise<Verdict> {
  const database = databaseOf(world, storeIn(input));
  const marker = database.ok ? await database.value.marker() : database;
  // What was restored was proved whole before it took the name.
  if (!marker.ok && marker.error.code === "damaged") return { is: "absent", what: marker.error.what };
  if (!marker.ok) return { is: "unknown", what: marker.error.what };
  if (marker.value === op.id) return { is: "applied", evidence: { marker: op.id } };
  const left = await wanted();
  if (!left.ok) return { is: "unknown", what: left.error.what };
  return left.value === null ? { is: "applied", evidence: { marker: marker.value } } : { is: "absent" };
}

export const databaseRestore = restoring({
  kind: "database.restore",
  wanted: async (_context, input) => ok(restoreInput.parse(input).backup),
});

/** Back from a restore of this run: the kept database returns. Nothing to do where the restore never happened. */
export const databaseUnrestore = restoring({
  kind: "database.unrestore",
  async wanted({ world, step }, input) {
    const { of, store } = ofInput.parse(input);
    const forward = step(of);
    const database = databaseOf(world, store);
    if (!database.ok || !forward) return ok(null);
    const [marker, backups] = [await database.value.marker(), await database.value.backups()];
    if (!marker.ok) return marker;
    if (marker.value !== forward.op) return ok(null);
    if (!backups.ok) return backups;
    return ok(backups.value.find((backup) => isKept(backup) && backup.op === forward.op)?.id ?? null);
  },
});

/** Back to a backup of this run, but only where somebody (a migration at boot) wrote since. */
export const databaseReturn = restoring({
  kind: "database.return",
  async wanted({ world, step }, input) {
    const evidence = step(ofInput.parse(input).of)?.evidence as {
      backup: string;
      position: string | null;
    } | null;
    if (!evidence || !world.database) return ok(null);
    const position = await world.database.position();
    if (!position.ok) return position;
    return ok(position.value === evidence.position ? null : evidence.backup);
  },
});
