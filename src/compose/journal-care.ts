// Care for a journal that no controller holds: verify it, or put it aside and rebuild it from its copy.
import { existsSync } from "node:fs";
import type { JournalCare } from "../cli/connection.ts";
import type { Config } from "../config/schema.ts";
import type { JsonObject } from "../core/json.ts";
import { ok, type Result } from "../core/result.ts";
import { type Ending, type Outcome, stopped } from "../core/view/outcome.ts";
import { quarantineJournal } from "../journal/quarantine.ts";
import { rebuildJournal } from "../journal/rebuild.ts";
import { openJournal } from "../journal/sqlite.ts";
import { type Verification, verifyJournalFile } from "../journal/verify.ts";
import { systemClock } from "../os/clock.ts";
import { statePaths } from "./paths.ts";

/** `busy` while a controller holds the journal: then that one is to be asked. */
export async function journalCare(config: Config): Promise<Result<JournalCare>> {
  const file = statePaths(config.state).journal;
  const verified = verifyJournalFile(file);
  if (!verified.ok && verified.error.code === "busy") return verified;
  return ok({
    verify: () => (verified.ok ? verdict(file, verified.value) : stopped("log", null, verified.error)),
    rebuild: (acceptLoss) => rebuild(file, acceptLoss),
  });
}

function verdict(file: string, { whole, facts, copied, findings }: Verification): Outcome {
  const first = findings[0]?.what ?? "";
  const what = whole
    ? `All ${facts} facts are whole, and each follows from the one before.`
    : `${file} is damaged: ${first}`;
  const next = whole
    ? "Nothing to do."
    : "lastgood log rebuild puts it aside and makes a whole one from it and its copy.";
  const data: JsonObject = { whole, facts, copied, findings: findings.map((one) => ({ ...one })) };
  return outcome(whole ? "done" : "failed", what, whole ? "" : "Nothing was changed.", next, data);
}

function rebuild(file: string, acceptLoss: boolean): Outcome {
  const clock = systemClock();
  const why = "a person asked for it: lastgood log rebuild";
  if (existsSync(file)) {
    const aside = quarantineJournal(file, clock.now());
    if (!aside.ok) return stopped("log", null, aside.error);
  }
  const rebuilt = rebuildJournal({ file, clock, why, acceptLoss });
  if (!rebuilt.ok) return stopped("log", null, rebuilt.error);
  // Opened once: the proof that a controller can begin with it.
  const opened = openJournal({ file, clock });
  if (!opened.ok) return stopped("log", null, opened.error);
  opened.value.close();
  const { facts, leftBehind } = rebuilt.value;
  const what = `The journal was rebuilt with ${facts} facts${leftBehind > 0 ? `; ${leftBehind} newer ones could not be read` : ""}.`;
  return outcome("done", what, "The damaged file was put aside beside it, untouched.", "lastgood status", {
    ...rebuilt.value,
  });
}

function outcome(ending: Ending, what: string, means: string, next: string, data: JsonObject): Outcome {
  return { verb: "log", env: null, outcome: ending, what, means, next, problem: null, data };
}
