// Flags of one environment as a fold: what is switched, which keys may read, what is being watched.
import type { Event, EventOf } from "../event.ts";
import { limits } from "./limits.ts";
import type { Override } from "./override.ts";

export type Switched = Override & {
  readonly at: number;
  readonly seq: number;
  readonly op: string | null;
  /** Release that served when it was switched. */
  readonly release: string | null;
};

export type SdkKey = {
  readonly hash: string;
  readonly label: string;
  readonly by: string;
  readonly at: number;
  readonly until: number | null;
};

export type Guard = EventOf<"flag.guarded">["data"] & { readonly at: number };

export type FlagState = {
  /** Sequence number of the newest fact that changed what clients evaluate: the version that they are told. */
  readonly version: number;
  readonly digest: string | null;
  readonly overrides: Readonly<Record<string, Switched>>;
  /** What each flag that was lifted had been switched to: what a lift that hurts goes back to. */
  readonly lifted: Readonly<Record<string, string>>;
  /** How often each flag was switched or lifted: what compare-and-set goes by. */
  readonly revisions: Readonly<Record<string, number>>;
  readonly keys: Readonly<Record<string, SdkKey>>;
  readonly guards: Readonly<Record<string, Guard>>;
  /** Which revision of a flag was put into an instance by force: `<flag> <instance>`. Bounded like the history. */
  readonly forced: Readonly<Record<string, number>>;
  /** When a flip was last undone without a person, wall clock. */
  readonly undoneAt: number | null;
  readonly history: readonly FlagRow[];
};

export type FlagRow = {
  readonly seq: number;
  readonly at: number;
  readonly flag: string;
  readonly what: "switched" | "lifted" | "confirmed" | "guard-ended";
  readonly variant: string | null;
  readonly by: string;
  readonly why: string;
  readonly incident: string | null;
  readonly release: string | null;
};

/** What flags were at a moment, as it belongs to a release. */
export type FlagRecord = {
  readonly version: number;
  readonly digest: string | null;
  /** Variants by flag, of those that were switched by hand. */
  readonly switched: Readonly<Record<string, string>>;
};

/** Null where the environment has no flags. */
export function flagRecord({ version, digest, overrides }: FlagState): FlagRecord | null {
  if (version === 0) return null;
  const variants = Object.entries(overrides).map(([flag, { variant }]) => [flag, variant]);
  return { version, digest, switched: Object.fromEntries(variants) };
}

export const emptyFlagState: FlagState = {
  version: 0,
  digest: null,
  overrides: {},
  lifted: {},
  revisions: {},
  keys: {},
  guards: {},
  forced: {},
  undoneAt: null,
  history: [],
};

/** The very same object where the event is not about flags. */
export function foldFlags(state: FlagState, event: Event, serving: string | null): FlagState {
  switch (event.type) {
    case "flag.definitions-changed":
      return { ...state, version: event.seq, digest: event.data.digest };
    case "flag.switched":
      return switched(state, event, serving);
    case "flag.lifted":
      return lifted(state, event, serving);
    case "flag.confirmed": {
      const { flag, confirmed, missing, ms } = event.data;
      const why = `${confirmed} confirmed within ${ms} ms${missing.length > 0 ? `, not: ${missing.join(", ")}` : ""}`;
      return { ...state, history: rows(state, event, { flag, what: "confirmed", why }) };
    }
    case "flag.forced":
      return event.data.done ? { ...state, forced: forced(state, event.data) } : state;
    case "flag.key-added": {
      const { key, hash, label, by, until } = event.data;
      return { ...state, keys: { ...state.keys, [key]: { hash, label, by, at: event.at, until } } };
    }
    case "flag.key-revoked":
      return { ...state, keys: without(state.keys, event.data.key) };
    case "flag.guarded":
      return { ...state, guards: { ...state.guards, [event.data.flag]: { ...event.data, at: event.at } } };
    case "flag.guard-ended":
      return guardEnded(state, event, serving);
    default:
      return state;
  }
}

function switched(state: FlagState, event: EventOf<"flag.switched">, serving: string | null): FlagState {
  const { env: _, from: __, op, ...override } = event.data;
  const { flag, variant, by, why, incident } = override;
  const now: Switched = { ...override, op, at: event.at, seq: event.seq, release: serving };
  return {
    ...state,
    version: event.seq,
    overrides: { ...state.overrides, [flag]: now },
    revisions: { ...state.revisions, [flag]: (state.revisions[flag] ?? 0) + 1 },
    history: rows(state, event, { flag, what: "switched", variant, by, why, incident, release: serving }),
  };
}

function lifted(state: FlagState, event: EventOf<"flag.lifted">, serving: string | null): FlagState {
  const { flag, by, why } = event.data;
  const former = state.overrides[flag]?.variant;
  return {
    ...state,
    version: event.seq,
    overrides: without(state.overrides, flag),
    lifted: former === undefined ? state.lifted : { ...state.lifted, [flag]: former },
    revisions: { ...state.revisions, [flag]: (state.revisions[flag] ?? 0) + 1 },
    history: rows(state, event, { flag, what: "lifted", by, why, release: serving }),
  };
}

function forced(state: FlagState, { flag, instance }: EventOf<"flag.forced">["data"]): FlagState["forced"] {
  const all = { ...state.forced, [`${flag} ${instance}`]: state.revisions[flag] ?? 0 };
  return Object.fromEntries(Object.entries(all).slice(-limits.historyRows));
}

function guardEnded(state: FlagState, event: EventOf<"flag.guard-ended">, serving: string | null): FlagState {
  const { flag, why, undone, incident, outcome } = event.data;
  const text = `${outcome}: ${why}`;
  return {
    ...state,
    guards: without(state.guards, flag),
    undoneAt: undone ? event.at : state.undoneAt,
    history: rows(state, event, {
      flag,
      what: "guard-ended",
      by: "watch",
      why: text,
      incident,
      release: serving,
    }),
  };
}

function rows(
  state: FlagState,
  { seq, at }: Event,
  row: Partial<FlagRow> & Pick<FlagRow, "flag" | "what" | "why">,
): readonly FlagRow[] {
  const bare = { variant: null, by: "", incident: null, release: null };
  return [...state.history, { ...bare, ...row, seq, at }].slice(-limits.historyRows);
}

function without<T>(record: Readonly<Record<string, T>>, key: string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key));
}
