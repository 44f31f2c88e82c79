// Identity of the content: equal texts, equal rows.
import { sha256 } from "../../../core/digest.ts";
import { ok, type Result } from "../../../core/result.ts";
import type { Context } from "./context.ts";
import { inSession } from "./rows.ts";
import { tableFacts, tableShapes } from "./tables.ts";

/** About half a minute of reading; whoever asks waits for the answer. */
const READ_BYTES_MAX = 2 * 1024 ** 3;

export function makePosition(context: Context): () => Promise<Result<string>> {
  let asked = 0;
  const once = () =>
    `unread-${context.clock.bootId()}-${context.clock.elapsed()}-${context.clock.now()}-${++asked}`;
  return () =>
    inSession(context.admin, context.database, async (session) => {
      const begun = await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
      if (!begun.ok) return begun;
      const shapes = await tableShapes(session);
      if (!shapes.ok) return shapes;
      const bytes = shapes.value.reduce((sum, table) => sum + table.bytes, 0);
      if (bytes > READ_BYTES_MAX) return ok(once());
      const tables = await tableFacts(session);
      return tables.ok ? ok(`rows-${sha256(JSON.stringify(tables.value))}`) : tables;
    });
}
