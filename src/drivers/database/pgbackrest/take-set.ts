// One more copy of the whole server into the archive, and whether all that is in there is whole.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { ServerSet } from "../../../ports/point-in-time.ts";
import { passEpoch } from "../postgres/epoch.ts";
import type { Archive } from "./archive.ts";
import { backrest } from "./backrest.ts";
import { lacks, refuseFor } from "./lacks.ts";
import { lookAtStanza, type Stanza } from "./stanza.ts";

const BACKUP_MS = 24 * 3_600_000;
const VERIFY_MS = 24 * 3_600_000;
const MAKE_MS = 5 * 60_000;

/** Makes the stanza where it is the only thing that is missing. */
export async function takeSet(archive: Archive, op: Op): Promise<Result<ServerSet>> {
  const passed = await passEpoch(archive.context, op);
  if (!passed.ok) return passed;
  const before = await readyStanza(archive, op);
  if (!before.ok) return before;
  const kind = nextKind(archive, before.value);
  const call = { effect: "write", op, timeoutMs: BACKUP_MS } as const;
  const made = await backrest(archive, ["backup", `--type=${kind}`], call);
  if (!made.ok) return made;
  const after = await lookAtStanza(archive);
  if (!after.ok) return after;
  const old = new Set(before.value.sets.map(({ id }) => id));
  const fresh = after.value.sets.find(({ id }) => !old.has(id));
  return fresh
    ? ok(fresh)
    : problem(
        "failed",
        "pgbackrest backup ended well, and there is no new set",
        "look with: pgbackrest info",
      );
}

/** What only waits for a first backup is no obstacle to it. */
async function readyStanza(archive: Archive, op: Op): Promise<Result<Stanza>> {
  const stanza = await lookAtStanza(archive);
  if (!stanza.ok) return stanza;
  const missing = await lacks(archive);
  if (!missing.ok) return missing;
  const first = missing.value.find(({ lines }) => lines.length > 0);
  if (first !== undefined) return refuseFor(first);
  if (stanza.value.made) return stanza;
  const made = await backrest(archive, ["stanza-create"], { effect: "write", op, timeoutMs: MAKE_MS });
  return made.ok ? lookAtStanza(archive) : made;
}

function nextKind({ config, context }: Archive, { sets }: Stanza): ServerSet["kind"] {
  const isOlder = (set: ServerSet | undefined, ms: number) =>
    set === undefined || context.clock.now() - set.at >= ms;
  if (
    isOlder(
      sets.find(({ kind }) => kind === "full"),
      config.fullEveryMs,
    )
  )
    return "full";
  return isOlder(
    sets.find(({ kind }) => kind !== "incr"),
    config.diffEveryMs,
  )
    ? "diff"
    : "incr";
}

/** It ends well whatever it finds, in the versions that there are: what it says is read. */
export async function verifyAll(archive: Archive): Promise<Result<void>> {
  const call = { effect: "read", op: null, timeoutMs: VERIFY_MS } as const;
  const said = await backrest(archive, ["verify", "--output=text"], call);
  if (!said.ok) return said;
  const wrong = said.value.split("\n").filter((line) => /status: (error|invalid)|invalid: [1-9]/.test(line));
  if (wrong.length === 0) return ok(undefined);
  const what = wrong.map((line) => line.trim()).join("; ");
  return problem(
    "damaged",
    `the archive of ${archive.config.stanza} is not whole: ${what}`,
    "take a full copy now: pgbackrest backup --type=full; and look at the disk of the archive",
    archive.config.stanza,
  );
}
