// The end of an open journal: its anchor and newest fact, moved on only after the disk has moved on.
import type { Link, Row } from "../core/chain.ts";
import type { Message } from "../ports/journal.ts";
import type { Checked } from "./check-tail.ts";
import { followUp } from "./follow.ts";
import { type Meta, metaWriter } from "./meta.ts";
import { messageWriter } from "./outbox.ts";
import type { Parts } from "./parts.ts";

export type Head = {
  meta(): Meta;
  link(): Link;
  /** Facts that follow the newest one, with their messages, in one transaction. */
  extend(rows: readonly Row[], messages: readonly Message[]): void;
  /** Above `floor` and above what it was. */
  raiseEpoch(floor: number): void;
};

export function headOf({ connection, rows, writer, copy }: Parts, checked: Checked): Head {
  const writeMeta = metaWriter(connection.db);
  const writeMessage = messageWriter(connection.db);
  let { meta, link } = checked;

  function commit(next: Meta, fresh: readonly Row[], messages: readonly Message[]): void {
    const bytes = fresh.reduce((sum, row) => sum + row.data.length, 0);
    writer.write(() => {
      for (const row of fresh) rows.insert(row);
      for (const message of messages) writeMessage(message);
      writeMeta(next);
    }, bytes);
    meta = next;
    link = fresh.at(-1) ?? link;
    followUp(copy, rows, fresh);
  }

  return {
    meta: () => meta,
    link: () => link,
    extend(fresh, messages) {
      const { seq, hash } = fresh.at(-1) ?? link;
      commit({ ...meta, headSeq: seq, headHash: hash }, fresh, messages);
    },
    raiseEpoch: (floor) => commit({ ...meta, epoch: Math.max(meta.epoch, floor) + 1 }, [], []),
  };
}
