// Messages that are to be sent, stored in the same transaction as the facts they tell of.
import type { DatabaseSync, SQLOutputValue } from "node:sqlite";
import { sha256 } from "../core/digest.ts";
import { canonical } from "../core/json.ts";
import type { Message, Outbox } from "../ports/journal.ts";
import type { Guard } from "./guard.ts";
import type { Writer } from "./transaction.ts";

/** For use inside a transaction. A message that still waits is not queued twice: its key says it is the same. */
export function messageWriter(db: DatabaseSync): (message: Message) => void {
  const insert = db.prepare(
    "INSERT INTO outbox (key, recipient, subject, body, sum) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  return (message) => {
    insert.run(message.key, message.to, message.subject, message.text, sumOf(message));
  };
}

export function outboxOf(db: DatabaseSync, writer: Writer, guard: Guard): Outbox {
  const waiting = db.prepare("SELECT * FROM outbox ORDER BY id LIMIT ?");
  const count = db.prepare("UPDATE outbox SET attempts = attempts + 1 WHERE id = ?");
  const remove = db.prepare("DELETE FROM outbox WHERE id = ?");
  return {
    pending(limit) {
      const raws = guard.read(() => waiting.all(Math.min(limit, Number.MAX_SAFE_INTEGER)));
      return raws.map(
        (raw) => decode(raw) ?? guard.stop(`message ${String(raw["id"])} in the outbox is damaged`),
      );
    },
    tried(id) {
      writer.write(() => count.run(id));
    },
    settled(id) {
      writer.write(() => remove.run(id));
    },
  };
}

/** Messages of a damaged journal that are whole. */
export function wholeMessages(db: DatabaseSync): readonly Message[] {
  const found = db.prepare("SELECT * FROM outbox ORDER BY id").all();
  return found.map(decode).filter((message) => message !== null);
}

function decode(raw: Record<string, SQLOutputValue>): ReturnType<Outbox["pending"]>[number] | null {
  const message = {
    key: String(raw["key"]),
    to: String(raw["recipient"]),
    subject: String(raw["subject"]),
    text: String(raw["body"]),
  };
  if (raw["sum"] !== sumOf(message)) return null;
  return { ...message, id: Number(raw["id"]), attempts: Number(raw["attempts"]) };
}

function sumOf(message: Message): string {
  return sha256(canonical([message.key, message.to, message.subject, message.text]));
}
