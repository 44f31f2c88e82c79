// What a source tells of an environment, whichever release serves, as somebody's word to decide on. Pure.
import type { SignalEvent } from "../signals/event.ts";
import { type Report, type ReportKind, reportKinds } from "./severity.ts";

/**
 * Null: nothing to decide on. A limit is of the stream `queries` where it is PostgreSQL's, else of `resources`. Deaths,
 * failing checks and payments belong to the release that is watched, and are judged there; so does a dependency while a
 * watch is open, as the cause of what fails.
 */
export function reportOf(event: SignalEvent, source: string, isWatched: boolean): Report | null {
  const { kind, subject, what } = event;
  const told = (said: ReportKind, stream: string): Report => {
    return { ...plain, kind: said, by: source, what, stream, subject };
  };
  if (kind === "report") return personsWord(event, source);
  if (kind === "limit") return told("slow", subject.startsWith("postgres ") ? "queries" : "resources");
  if (kind === "pattern") return told("other", "log");
  if (kind === "alert") return told("other", "alert");
  return kind === "dependency" && !isWatched ? told("other", "dependency") : null;
}

const plain = { impact: null, users: null, dataRisk: null };

/** `ann: security somebody got in`, or a subject that is a kind: otherwise nobody knows what kind it is. */
function personsWord({ subject, what }: SignalEvent, source: string): Report {
  const [, who = "", word = ""] = /^(?:([^:]{1,80}): )?\/?([a-z-]+)/i.exec(what) ?? [];
  const kind = kindOf(subject) ?? kindOf(word) ?? "other";
  return { ...plain, kind, by: who === "" ? source : `${who} (${source})`, what };
}

function kindOf(word: string): ReportKind | null {
  return reportKinds.find((kind) => kind === word.toLowerCase()) ?? null;
}
