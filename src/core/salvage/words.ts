// What people read of rows that could come back.
import { comesBack, conflicts, type Findings, isConflict, rowsWith, type TableFindings } from "./verdict.ts";

/** One line a table, its conflicts and homeless values beneath, and at the end what is not known. */
export function findingLines({ tables, gaps }: Findings): readonly string[] {
  return [...tables.flatMap(tableLines), ...gaps.map((gap) => `Not certain: ${gap}.`)];
}

function tableLines(table: TableFindings): readonly string[] {
  const { verdicts } = table;
  const told = [
    count(verdicts.insert, "new"),
    count(verdicts.update, "changed"),
    count(verdicts.delete, "deleted"),
    count(verdicts.doubtful, "doubtful"),
    count(verdicts.left, "not picked"),
    count(table.migration, "by the migration, left where they are"),
  ].filter((one) => one !== "");
  return [
    `${table.table}: ${told.length > 0 ? told.join(", ") : "nothing to bring back"}`,
    ...table.conflicts.map(
      ({ why, rows, keys }) => `  ${rows} cannot come: ${conflicts[why]}, e.g. ${keys.join(" ")}`,
    ),
    ...table.homeless
      .filter(({ values }) => values > 0)
      .map(({ column, values }) =>
        column === null
          ? `  ${values} rows have no table here: they are parked`
          : `  ${values} values of ${column} have no column here: they are parked`,
      ),
  ];
}

/** `3 rows can come back, 1 cannot`. */
export function findingTotal(findings: Findings): string {
  const back = rowsWith(findings, comesBack);
  const stay = rowsWith(findings, isConflict);
  return `${back} row${back === 1 ? "" : "s"} can come back${stay > 0 ? `, ${stay} cannot` : ""}`;
}

function count(rows: number | undefined, what: string): string {
  return rows ? `${rows} ${what}` : "";
}
