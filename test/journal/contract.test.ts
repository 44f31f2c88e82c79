import { join } from "node:path";
import { describe, test } from "vitest";
import type { Journal } from "../../src/ports/journal.ts";
import { journalContract } from "../../src/testing/contracts/journal.ts";
import { memoryJournal, newMemoryStore } from "../../src/testing/memory-journal.ts";
import { folder, open } from "./places.ts";

function sqliteSubject(): { open: typeof openAt; clean(): void } {
  const file = join(folder(), "state", "journal.sqlite");
  const openAt = (clock: Parameters<typeof memoryJournal>[0]["clock"], options = {}): Journal =>
    open(file, { clock, ...options });
  return { open: openAt, clean: () => {} };
}

describe("the journal on SQLite", () => {
  for (const { name, run } of journalContract(sqliteSubject)) test(name, run);
});

describe("the journal in memory", () => {
  const subject = () => {
    const store = newMemoryStore();
    return {
      open: (clock: Parameters<typeof memoryJournal>[0]["clock"], options = {}) =>
        memoryJournal({ clock, store, ...options }),
      clean: () => {},
    };
  };
  for (const { name, run } of journalContract(subject)) test(name, run);
});
