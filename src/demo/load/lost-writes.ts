// Asks the shop, or its database, whether every order that it acknowledged is really there.
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import { ok, problem, type Result } from "../../core/result.ts";
import { bounds } from "./bounds.ts";

export type LostWrites = {
  readonly acknowledged: number;
  readonly found: number;
  /** Ids of acknowledged orders that are not there. */
  readonly missing: readonly string[];
};

/**
 * `source`: the shop's url, with its base path (all orders are paged through the public front door) or its database file.
 * Fails with `unreachable` where not all orders could be read: then nothing is known about losses.
 */
export async function countLostWrites(
  source: string,
  acknowledged: readonly string[],
): Promise<Result<LostWrites>> {
  const known = /^https?:/.test(source) ? await readByUrl(source) : readFile(source);
  if (!known.ok) return known;
  const missing = acknowledged.filter((id) => !known.value.has(id));
  return ok({ acknowledged: acknowledged.length, found: acknowledged.length - missing.length, missing });
}

type Page = { readonly orders: readonly { readonly id: string }[]; readonly next: number | null };

async function readByUrl(url: string): Promise<Result<ReadonlySet<string>>> {
  const ids = new Set<string>();
  for (let after: number | null = 0; after !== null; ) {
    const page: Page | undefined = await readPage(new URL(`${url.replace(/\/$/, "")}/orders?after=${after}`));
    if (page === undefined) {
      return problem(
        "unreachable",
        `the shop at ${url} did not list its orders`,
        "look whether it runs, then count again",
      );
    }
    for (const order of page.orders) ids.add(order.id);
    after = page.next;
  }
  return ok(ids);
}

/** The count may be taken while a bad release serves, so a page is asked for several times. */
async function readPage(url: URL): Promise<Page | undefined> {
  for (let attempt = 1; attempt <= bounds.pageTries; attempt++) {
    if (attempt > 1) await sleep(bounds.pagePauseMs);
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(bounds.answerMs) });
      if (answer.ok) return (await answer.json()) as Page;
      await answer.body?.cancel();
    } catch {}
  }
  return undefined;
}

function readFile(file: string): Result<ReadonlySet<string>> {
  try {
    const database = new DatabaseSync(file, { readOnly: true });
    const rows = database.prepare("SELECT id FROM orders").all();
    database.close();
    return ok(new Set(rows.map((row) => String(row["id"]))));
  } catch (error) {
    return problem(
      "unreachable",
      `cannot read the orders in ${file}: ${String(error)}`,
      "check the path of the file",
    );
  }
}
