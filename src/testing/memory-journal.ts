// The journal in memory: the same contract and the same chain, for thousands of simulated lives.
import { emptyLink, type Link, seal, sealedFact, withJump } from "../core/chain.ts";
import type { Event, NewEvent } from "../core/event.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { Clock } from "../ports/clock.ts";
import { type Journal, JournalStopped, type Message, type Outbox, type Snapshots } from "../ports/journal.ts";

/** What survives a crash: plain data, so a scenario can copy it with `structuredClone` and try both ways on. */
export type MemoryStore = {
  readonly events: Event[];
  epoch: number;
  /** How often it was opened: only the newest opening may write. */
  openings: number;
  readonly snapshots: Record<string, { readonly seq: number; readonly state: string }>;
  readonly outbox: (Message & { readonly id: number; attempts: number })[];
  lastMessage: number;
};

export type MemoryJournalOptions = {
  readonly clock: Clock;
  readonly store: MemoryStore;
  /** As in `openJournal`. */
  readonly epochFloor?: number;
  /**
   * Called around the moment at which an append becomes durable. What it throws passes through `append`, as a
   * crash before or after that moment would; the handle is dead from then on.
   */
  readonly onAppend?: (phase: "before" | "after", events: readonly Event[]) => void;
  /** False: facts are neither checked, copied nor hashed (`hash` and `prev` are empty). For speed only. */
  readonly checks?: boolean;
};

export function newMemoryStore(): MemoryStore {
  return { events: [], epoch: 0, openings: 0, snapshots: {}, outbox: [], lastMessage: 0 };
}

/** Opening raises the epoch and ends every earlier opening of the store, as a crash and a new start would. */
export function memoryJournal(options: MemoryJournalOptions): Journal {
  const { store } = options;
  const life = lifeOf(store);
  let epoch = raise(store, options.epochFloor ?? 0);
  return {
    head() {
      life.check();
      return store.events.length;
    },
    epoch: () => epoch,
    raiseEpoch(floor) {
      life.check();
      epoch = raise(store, floor);
      return epoch;
    },
    append: appender(options, life),
    diskFull: () => false,
    read(after, limit) {
      life.check();
      const start = Math.max(0, after);
      return limit < 1 ? [] : store.events.slice(start, start + limit);
    },
    newest(types, before, limit) {
      life.check();
      return newest(store, (event) => types.includes(event.type), before, limit);
    },
    snapshots: snapshotsOf(store, life.check),
    outbox: outboxOf(store, life.check),
    close: () => life.end("it was closed"),
  };
}

type Life = { check(): void; end(why: string): void };

function lifeOf(store: MemoryStore): Life {
  store.openings += 1;
  const opening = store.openings;
  let dead: string | null = null;
  return {
    check() {
      if (store.openings !== opening) dead ??= "it was opened by another";
      if (dead !== null) throw new JournalStopped(`the journal in memory has stopped: ${dead}`);
    },
    end(why) {
      dead ??= why;
    },
  };
}

function raise(store: MemoryStore, floor: number): number {
  store.epoch = Math.max(store.epoch, floor) + 1;
  return store.epoch;
}

function appender(
  { clock, store, onAppend = () => {}, checks }: MemoryJournalOptions,
  life: Life,
): Journal["append"] {
  const make = checks === false ? looseFacts : sealedFacts;

  function tell(phase: "before" | "after", events: readonly Event[]): void {
    try {
      onAppend(phase, events);
    } catch (error) {
      life.end("its process has crashed");
      throw error;
    }
  }

  return (after, news, messages = []) => {
    life.check();
    if (after !== store.events.length) return conflict(after, store.events.length);
    if (news.length === 0 && messages.length === 0) return ok([]);
    const made = make(store, clock, news);
    if (!made.ok) return made;
    tell("before", made.value);
    store.events.push(...made.value);
    for (const message of messages) queue(store, message);
    tell("after", made.value);
    return made;
  };
}

/** Checked, linked and hashed by the same code as the journal on disk; frozen, because a reader gets the very object. */
function sealedFacts(store: MemoryStore, clock: Clock, news: readonly NewEvent[]): Result<readonly Event[]> {
  const sealed = seal(store.events.at(-1) ?? emptyLink, momentOf(store, clock), news);
  return sealed.ok ? ok(sealed.value.map((row) => freeze(sealedFact(row)))) : sealed;
}

function looseFacts(store: MemoryStore, clock: Clock, news: readonly NewEvent[]): Result<readonly Event[]> {
  const moment = momentOf(store, clock);
  const link: Link = store.events.at(-1) ?? emptyLink;
  const events = withJump(link, moment, news);
  return ok(events.map((event, i) => ({ ...event, ...moment, seq: link.seq + 1 + i, prev: "", hash: "" })));
}

function momentOf(
  store: MemoryStore,
  clock: Clock,
): { at: number; mono: number; boot: string; epoch: number } {
  return {
    at: Math.round(clock.now()),
    mono: Math.round(clock.elapsed()),
    boot: clock.bootId(),
    epoch: store.epoch,
  };
}

function freeze<T>(value: T): T {
  if (value !== null && typeof value === "object") {
    for (const part of Object.values(value)) freeze(part);
    Object.freeze(value);
  }
  return value;
}

function newest(
  store: MemoryStore,
  wanted: (event: Event) => boolean,
  before: number,
  limit: number,
): readonly Event[] {
  const found: Event[] = [];
  for (let i = Math.min(store.events.length, before - 1) - 1; i >= 0 && found.length < limit; i -= 1) {
    const event = store.events[i];
    if (event && wanted(event)) found.push(event);
  }
  return found;
}

/** As JSON text, so that a fold that is changed later does not change its saved state. */
function snapshotsOf(store: MemoryStore, check: () => void): Snapshots {
  return {
    load(fold, version) {
      check();
      const saved = store.snapshots[`${fold} ${version}`];
      return saved ? { seq: saved.seq, state: JSON.parse(saved.state) } : null;
    },
    save(fold, version, seq, state) {
      check();
      if (seq > store.events.length) return;
      store.snapshots[`${fold} ${version}`] = { seq, state: JSON.stringify(state) };
    },
  };
}

function queue(store: MemoryStore, message: Message): void {
  if (store.outbox.some((other) => other.key === message.key && other.to === message.to)) return;
  store.lastMessage += 1;
  const { key, to, subject, text } = message;
  store.outbox.push({ key, to, subject, text, id: store.lastMessage, attempts: 0 });
}

function outboxOf(store: MemoryStore, check: () => void): Outbox {
  return {
    pending(limit) {
      check();
      return store.outbox.slice(0, Math.max(0, limit)).map((message) => ({ ...message }));
    },
    tried(id) {
      check();
      const message = store.outbox.find((other) => other.id === id);
      if (message) message.attempts += 1;
    },
    settled(id) {
      check();
      const i = store.outbox.findIndex((other) => other.id === id);
      if (i >= 0) store.outbox.splice(i, 1);
    },
  };
}

function conflict(after: number, head: number): Result<never> {
  return problem(
    "conflict",
    `the journal has gone on to fact ${head}; this was to follow fact ${after}`,
    "read what is new, decide again, then append",
  );
}
