// The journal together with its fold: the only way in which the rest of the engine writes facts.
import type { Event, NewEvent } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { emptyState, fold, type State, stateVersion } from "../core/state.ts";
import { type Journal, JournalStopped, type Message } from "../ports/journal.ts";

const foldName = "state";
const snapshotEvery = 500;

export type Ledger = {
  readonly journal: Journal;
  state(): State;
  /** Write facts now (durable on return) and fold them. Throws `JournalStopped` when the journal cannot. */
  record(events: readonly NewEvent[], messages?: readonly Message[]): readonly Event[];
  /** Called after each fact; returns how to stop listening. */
  listen(listener: (event: Event) => void): () => void;
  /** Save the fold so that the next start need not read what came before. */
  save(): void;
};

export function openLedger(journal: Journal): Ledger {
  const saved = journal.snapshots.load(foldName, stateVersion);
  let state = (saved?.state as State | undefined) ?? emptyState;
  let savedAt = saved?.seq ?? 0;
  state = replay(journal, state);
  const listeners = new Set<(event: Event) => void>();

  function save(): void {
    if (state.seq === savedAt) return;
    journal.snapshots.save(foldName, stateVersion, state.seq, state);
    savedAt = state.seq;
  }

  function record(events: readonly NewEvent[], messages?: readonly Message[]): readonly Event[] {
    const written = journal.append(state.seq, events, messages);
    // One process holds the journal, and only this function writes: a conflict means that this is no longer so.
    if (!written.ok) throw new JournalStopped(written.error.what);
    for (const event of written.value) state = fold(state, event);
    if (state.seq - savedAt >= snapshotEvery) save();
    for (const event of written.value) for (const listener of listeners) listener(event);
    return written.value;
  }

  return {
    journal,
    state: () => state,
    record,
    listen(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    save,
  };
}

function replay(journal: Journal, from: State): State {
  let state = from;
  for (;;) {
    const events = journal.read(state.seq, limits.journalTailEvents);
    if (events.length === 0) return state;
    for (const event of events) state = fold(state, event);
  }
}
