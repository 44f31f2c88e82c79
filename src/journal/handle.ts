// An open journal: the port's functions over the parts that opening has made.
import { seal, sealedFact } from "../core/chain.ts";
import type { Event, NewEvent } from "../core/event.ts";
import { assert, type Err, ok, type Problem, problem, type Result } from "../core/result.ts";
import type { Journal, Message } from "../ports/journal.ts";
import type { Checked } from "./check-tail.ts";
import { headOf } from "./head.ts";
import { type Inspection, inspectionOf } from "./inspect.ts";
import { outboxOf } from "./outbox.ts";
import type { Parts } from "./parts.ts";
import { newestFacts, readFacts } from "./reading.ts";
import { snapshotsOf } from "./snapshots.ts";

export type Health = {
  readonly diskFull: boolean;
  /** The copy's newest fact, and why it could not be written last time. */
  readonly copy: { readonly head: number; readonly problem: string | null };
};

export type SqliteJournal = Journal & {
  /** Random id, made with the file. */
  readonly id: string;
  readonly file: string;
  health(): Health;
  /** For `verifyJournal`. */
  inspect(): Inspection;
};

export function journalOn(parts: Parts, checked: Checked): SqliteJournal {
  const { connection, paths, rows, guard, writer, copy, clock } = parts;
  const { db } = connection;
  const head = headOf(parts, checked);

  function append(
    after: number,
    events: readonly NewEvent[],
    messages: readonly Message[] = [],
  ): Result<readonly Event[]> {
    guard.check();
    const link = head.link();
    if (after !== link.seq) return conflict(after, link.seq);
    if (events.length === 0 && messages.length === 0) return ok([]);
    const { epoch } = head.meta();
    const moment = { at: clock.now(), mono: clock.elapsed(), boot: clock.bootId(), epoch };
    const sealed = seal(link, moment, events);
    if (!sealed.ok) return sealed;
    head.extend(sealed.value, messages);
    return ok(sealed.value.map(sealedFact));
  }

  return {
    id: head.meta().journal,
    file: paths.file,
    head: () => {
      guard.check();
      return head.link().seq;
    },
    epoch: () => head.meta().epoch,
    raiseEpoch(floor) {
      assert(Number.isSafeInteger(floor), `epoch floor ${floor}`);
      guard.check();
      head.raiseEpoch(floor);
      return head.meta().epoch;
    },
    append,
    diskFull: writer.diskFull,
    read: (after, limit) => readFacts(rows, guard, head.link(), after, limit),
    newest: (types, before, limit) => newestFacts(rows, guard, head.link(), types, before, limit),
    snapshots: snapshotsOf(db, rows, writer, guard),
    outbox: outboxOf(db, writer, guard),
    health: () => ({ diskFull: writer.diskFull(), copy: { head: copy.head(), problem: copy.problem() } }),
    inspect: () => inspectionOf(db, rows, paths.copy),
    close: closing(parts),
  };
}

function closing({ connection, paths, guard, writer, copy }: Parts): () => void {
  let open = true;
  return () => {
    if (!open) return;
    open = false;
    try {
      writer.checkpoint();
    } catch {
      // Every acknowledged fact is in the log; the next open finds it there.
    }
    copy.close();
    guard.end("it was closed");
    if (guard.deviceFailed()) connection.leave(deviceFailed(paths.file));
    else connection.close();
  };
}

function deviceFailed(file: string): Err<Problem> {
  return problem(
    "failed",
    `the disk under the journal ${file} failed`,
    "see `dmesg` for disk errors, then start a new process: it reads what is really there",
    file,
  );
}

function conflict(after: number, head: number): Result<never> {
  return problem(
    "conflict",
    `the journal has gone on to fact ${head}; this was to follow fact ${after}`,
    "read what is new, decide again, then append",
  );
}
