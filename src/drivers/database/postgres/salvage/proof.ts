// The proof before anything counts: what arrived is what the source has, and what stands there now is what arrived.
import { ok, problem, type Result } from "../../../../core/result.ts";
import type { SqlSession } from "../../../../ports/sql.ts";
import { numbersOf, rowText, sameKey } from "./ask.ts";
import type { Pair, Pairs } from "./pairs.ts";

export async function prove(target: SqlSession, { pairs }: Pairs): Promise<Result<void>> {
  for (const pair of pairs) {
    if (pair.key === null) continue;
    const checked = await numbersOf<"wrong" | "back">(target, proof(pair, pair.key));
    if (!checked.ok) return checked;
    const { wrong, back } = checked.value;
    if (wrong + back > 0)
      return problem(
        "failed",
        `${pair.name}: ${wrong} rows did not come out as they are in the kept database, ${back} were not deleted`,
        "nothing was changed; a rule or a trigger of the database changes what is written there: pick other tables",
      );
  }
  return ok(undefined);
}

/** By a hash of all columns that went over, as the server itself writes them. */
function proof({ rows, gone, target, columns }: Pair, key: readonly string[]): string {
  const digest = (alias: string) => `sha256(convert_to(${rowText(columns, alias)}, 'UTF8'))`;
  return `SELECT (SELECT count(*) FROM ${rows} s LEFT JOIN ${target.from} t ON ${sameKey(key, "s", "t")}
      WHERE s.lastgood_verdict IN ('insert', 'update') AND ${digest("s")} IS DISTINCT FROM ${digest("t")}) AS wrong,
    (SELECT count(*) FROM ${gone} g JOIN ${target.from} t ON ${sameKey(key, "g", "t")} WHERE g.lastgood_verdict = 'delete') AS back`;
}
