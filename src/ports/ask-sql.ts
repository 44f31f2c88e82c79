import type { Result } from "../core/result.ts";

/**
 * Answers to questions in SQL, all from one moment and without the right to write: for each the only value of its only
 * row, or why there is none. Failures of the whole: `missing`, `busy`, `damaged`, `timeout`, `failed`.
 */
export type AskSql = (queries: readonly string[]) => Promise<Result<readonly Result<unknown>[]>>;
