// What the journal says of an environment's backups: the newest, the drills, the last integrity check. Bounded.
import type { Event } from "../event.ts";
import type { Tried } from "../flows/tried.ts";
import { limits } from "../limits.ts";

export type Drill = {
  readonly backup: string | null;
  readonly at: number;
  /** Why it failed; null where the backup was restored and is right. */
  readonly problem: string | null;
  readonly ms: number;
  readonly bytes: number;
  readonly rows: number;
  /** The matching release on the restored copy; null, or missing, where the drill did not come to that. */
  readonly smoke?: Tried | null;
};

export type BackupState = {
  readonly taken: { readonly backup: string; readonly at: number; readonly ms: number } | null;
  /** Why the newest attempt failed; null where it did not. */
  readonly failure: { readonly at: number; readonly what: string } | null;
  /** The newest copy at the second place, or why it is not there. */
  readonly copied: {
    readonly backup: string;
    readonly at: number;
    readonly to: string;
    readonly problem: string | null;
  } | null;
  /** When the bytes of a backup were last read again, and whether they were right. */
  readonly verified: Readonly<Record<string, { readonly at: number; readonly problem: string | null }>>;
  /** Newest last. */
  readonly drills: readonly Drill[];
  /** The newest time that a moment was restored out of the archive; null: never. */
  readonly archiveDrill: {
    readonly moment: string;
    readonly at: number;
    readonly ms: number;
    readonly problem: string | null;
  } | null;
  /** The last answer of each thing that was asked: `live`, and the newest copy. */
  readonly integrity: Readonly<Partial<Record<"live" | "copy", Integrity>>>;
  /** The same of each store beside the database, by its name; missing in older journals. */
  readonly stores?: Readonly<Record<string, BackupState>>;
};

export type Integrity = {
  readonly of: string;
  readonly at: number;
  readonly checks: number;
  readonly failures: readonly { readonly name: string; readonly what: string }[];
};

export const emptyBackupState: BackupState = {
  taken: null,
  failure: null,
  copied: null,
  verified: {},
  drills: [],
  archiveDrill: null,
  integrity: {},
};

/** The same object where the event is none of ours. */
export function foldBackups(state: BackupState, event: Event): BackupState {
  const store = storeOf(event);
  if (store === null) return foldOwn(state, event);
  const own = foldOwn(state.stores?.[store] ?? emptyBackupState, event);
  return { ...state, stores: { ...state.stores, [store]: own } };
}

/** Null where it is about the database. */
function storeOf({ data }: Event): string | null {
  return "store" in data && typeof data.store === "string" ? data.store : null;
}

function foldOwn(state: BackupState, event: Event): BackupState {
  switch (event.type) {
    case "backup.taken": {
      const { backup, ms } = event.data;
      return { ...state, taken: { backup, at: event.at, ms }, failure: null };
    }
    case "backup.failed":
      return { ...state, failure: { at: event.at, what: event.data.problem.what } };
    case "backup.copied": {
      const { backup, to, problem } = event.data;
      return { ...state, copied: { backup, to, at: event.at, problem: problem?.what ?? null } };
    }
    case "backup.verified": {
      const entry = { at: event.at, problem: event.data.problem?.what ?? null };
      return { ...state, verified: newest({ ...state.verified, [event.data.backup]: entry }) };
    }
    case "drill.done": {
      const { backup, ms, bytes, rows, smoke = null } = event.data;
      return withDrill(state, { backup, at: event.at, problem: null, ms, bytes, rows, smoke });
    }
    case "drill.failed": {
      const { backup, ms, problem, smoke = null } = event.data;
      return withDrill(state, { backup, at: event.at, problem: problem.what, ms, bytes: 0, rows: 0, smoke });
    }
    case "archive.drilled": {
      const { moment, ms, problem } = event.data;
      return { ...state, archiveDrill: { moment, at: event.at, ms, problem: problem?.what ?? null } };
    }
    case "integrity.passed":
      return withIntegrity(state, { ...event.data, at: event.at, failures: [] });
    case "integrity.failed":
      return withIntegrity(state, { ...event.data, at: event.at });
    default:
      return state;
  }
}

function withDrill(state: BackupState, drill: Drill): BackupState {
  return { ...state, drills: [...state.drills, drill].slice(-limits.drillRows) };
}

function withIntegrity(state: BackupState, { of, at, checks, failures }: Integrity): BackupState {
  const where = of === "live" ? "live" : "copy";
  return { ...state, integrity: { ...state.integrity, [where]: { of, at, checks, failures } } };
}

function newest(verified: BackupState["verified"]): BackupState["verified"] {
  const entries = Object.entries(verified).sort(([, a], [, b]) => b.at - a.at);
  return Object.fromEntries(entries.slice(0, limits.verifiedBackups));
}
