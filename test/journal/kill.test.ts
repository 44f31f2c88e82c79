// A writer is killed with SIGKILL at random moments; what it acknowledged must be there.
import { join } from "node:path";
import { expect, test } from "vitest";
import { verifyChain } from "../../src/core/chain.ts";
import { verifyJournal } from "../../src/journal/verify.ts";
import { all, folder, open, startWriter, until } from "./places.ts";

const kills = 30;
/** After the first acknowledged fact; long enough for some hundred appends and a checkpoint. */
const longestLifeMs = 120;

test("after kill -9 at 30 random moments every acknowledged fact is there, the chain is whole, and the lock is free at once", async () => {
  const file = join(folder(), "journal.sqlite");
  const acknowledged = new Map<number, string>();
  let torn = 0;
  for (let i = 0; i < kills; i += 1) {
    const writer = startWriter(file, "endless");
    await until(writer, "ack");
    await new Promise((resolve) => setTimeout(resolve, Math.random() * longestLifeMs));
    writer.child.kill("SIGKILL");
    await writer.ended;
    for (const line of writer.lines()) {
      const [word, seq, hash = ""] = line.split(" ");
      if (word === "ack") acknowledged.set(Number(seq), hash);
    }
    // No waiting and no second try: the kernel has given the lock back with the process.
    const journal = open(file);
    const events = all(journal);
    expect(verifyChain(events)).toBeNull();
    const hashes = new Map(events.map((event) => [event.seq, event.hash]));
    for (const [seq, hash] of acknowledged) expect(hashes.get(seq)).toBe(hash);
    if (events.length > acknowledged.size) torn += 1;
    // What was written but not acknowledged is settled history too, from now on.
    for (const event of events) acknowledged.set(event.seq, event.hash);
    expect(journal.epoch()).toBe(2 * i + 2);
    journal.close();
  }
  const journal = open(file);
  expect(verifyJournal(journal)).toMatchObject({
    whole: true,
    facts: acknowledged.size,
    copied: acknowledged.size,
  });
  console.info(
    `${kills} kills, ${acknowledged.size} facts, ${torn} times more was on disk than acknowledged`,
  );
}, 120_000);
