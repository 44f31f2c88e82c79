// A real app for tests: a process of its own that has a SQLite database open and does what it is told over IPC.
import { DatabaseSync } from "node:sqlite";

const [file, journalMode, lockingMode] = process.argv.slice(2) as [string, string, string];
const db = new DatabaseSync(file, { timeout: 5_000 });
db.exec(`PRAGMA locking_mode=${lockingMode}`);
db.exec(`PRAGMA journal_mode=${journalMode}`);
db.exec("CREATE TABLE IF NOT EXISTS orders(id INTEGER PRIMARY KEY, body TEXT NOT NULL)");

/** Moves money between two tables in one transaction each: their sum, and sum of counts, never change. */
function transfer(): void {
  const amount = Math.ceil(Math.random() * 100);
  db.exec(`BEGIN IMMEDIATE;
    UPDATE credit SET amount = amount - ${amount} WHERE id = abs(random()) % 1000 + 1;
    UPDATE debit SET amount = amount + ${amount} WHERE id = abs(random()) % 1000 + 1;
    INSERT INTO sent(amount) VALUES(${amount}); INSERT INTO received(amount) VALUES(${amount});
    COMMIT`);
}

let flooding = false;
let transfers = 0;
function flood(): void {
  if (!flooding) return;
  transfer();
  transfers++;
  setImmediate(flood);
}

function answer(message: { do: string; rows?: number; sql?: string }): unknown {
  switch (message.do) {
    case "write": {
      const insert = db.prepare("INSERT INTO orders(body) VALUES(?)");
      db.exec("BEGIN IMMEDIATE");
      for (let row = 0; row < (message.rows ?? 0); row++) insert.run(`order ${Math.random()}`);
      db.exec("COMMIT");
      return null;
    }
    case "query":
      return Object.values(db.prepare(message.sql ?? "").get() ?? {})[0];
    case "exec":
      return db.exec(message.sql ?? "");
    case "flood":
      flooding = true;
      flood();
      return null;
    case "calm":
      flooding = false;
      return transfers;
    default:
      db.close();
      return null;
  }
}

process.on("message", (message: { do: string }) => {
  try {
    process.send?.({ value: answer(message) });
  } catch (error) {
    process.send?.({ error: String(error) });
  }
});
process.on("disconnect", () => process.exit(0));
process.send?.({ value: "ready" });
