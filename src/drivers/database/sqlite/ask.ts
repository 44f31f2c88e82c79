// Questions in SQL to a SQLite database, in a thread: whoever wrote them, they never stop the controller.
import { Worker } from "node:worker_threads";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Clock } from "../../../ports/clock.ts";
import { beginRead, openLive, openStill } from "./open.ts";
import { sqliteFault } from "./problem.ts";

export type Asking = {
  readonly path: string;
  /** `live`: beside its app. `still`: a file that nobody writes. */
  readonly as: "live" | "still";
  readonly queries: readonly string[];
};

export type Answers = readonly ({ readonly value: unknown } | { readonly why: string })[];

/** All questions together. A restore of the live database waits for them. */
const limitMs = 60_000;

export async function askSqlite(clock: Clock, asking: Asking): Promise<Result<readonly Result<unknown>[]>> {
  const answers = await inThread(clock, asking);
  if (!answers.ok) return answers;
  return ok(answers.value.map((one) => ("value" in one ? ok(one.value) : cannot(one.why))));
}

function cannot(why: string): Result<never> {
  return problem("failed", why, "Mend the query in lastgood.yml; it may only read.");
}

/** All from one moment. Throws what SQLite throws where the database can't be opened. */
export function answer({ path, as, queries }: Asking): Answers {
  const db = as === "live" ? openLive(path) : openStill(path);
  try {
    beginRead(db);
    return queries.map((sql) => {
      try {
        const rows = db.prepare(sql).all();
        const [first] = rows;
        const values = Object.values(first ?? {});
        if (rows.length === 1 && values.length === 1) return { value: values[0] };
        return { why: `it answered ${rows.length} rows of ${values.length} values, and one value is right` };
      } catch (error) {
        if (sqliteFault(error) === null) throw error;
        return { why: String((error as Error).message) };
      }
    });
  } finally {
    db.close();
  }
}

async function inThread(clock: Clock, asking: Asking): Promise<Result<Answers>> {
  const ending = import.meta.url.endsWith(".ts") ? "ts" : "js";
  const worker = new Worker(new URL(`./ask-thread.${ending}`, import.meta.url), {
    workerData: asking,
  });
  const early = new AbortController();
  const answered = new Promise<Result<Answers>>((resolve) => {
    worker.once("message", (message: { answers: Answers } | { failed: string }) =>
      resolve("answers" in message ? ok(message.answers) : failed(asking, message.failed)),
    );
    worker.once("error", (error: Error) => resolve(failed(asking, error.message)));
    worker.once("exit", (code) => resolve(failed(asking, `the thread that asked ended with ${code}`)));
  });
  const late = clock.sleep(limitMs, early.signal).then(() => tooLong(asking));
  const first = await Promise.race([answered, late]);
  early.abort();
  void worker.terminate();
  return first;
}

function failed({ path }: Asking, why: string): Result<never> {
  return problem("failed", `${path} could not be asked: ${why}`, "lastgood doctor", path);
}

function tooLong({ path }: Asking): Result<never> {
  const what = `the integrity checks of ${path} took longer than ${limitMs / 1_000} s`;
  return problem("timeout", what, "Ask for less in lastgood.yml, or give the tables an index.", path);
}
