// The integrity checks of the config: asked of the live database, or of a restored copy; what is broken is a fact.
import { type Assertion, broken, numberOf } from "../core/backups/assertion.ts";
import type { NewEvent } from "../core/event.ts";
import type { JsonObject } from "../core/json.ts";
import { ok, type Result } from "../core/result.ts";
import type { AskSql } from "../ports/ask-sql.ts";
import type { App } from "./app.ts";
import { alarm, type Desk } from "./find-backup.ts";

export type Checked = {
  readonly checks: number;
  readonly failures: readonly { readonly name: string; readonly what: string }[];
};

export async function askAll(ask: AskSql, assertions: readonly Assertion[]): Promise<Result<Checked>> {
  if (assertions.length === 0) return ok({ checks: 0, failures: [] });
  const answers = await ask(assertions.map((one) => one.sql));
  if (!answers.ok) return answers;
  const failures = assertions.flatMap(({ name, expect }, i) => {
    const what = wrong(answers.value[i], expect);
    return what === null ? [] : [{ name, what }];
  });
  return ok({ checks: assertions.length, failures });
}

/** A question that can't be answered is as bad as a wrong answer: a table that is not there says much. */
function wrong(answer: Result<unknown> | undefined, expect: Assertion["expect"]): string | null {
  if (!answer) return "it was not answered";
  if (!answer.ok) return answer.error.what;
  const number = numberOf(answer.value);
  return number === null
    ? `it answered ${JSON.stringify(answer.value)}, which is no number`
    : broken(number, expect);
}

/** Null where the config has none. What is broken goes into the journal, and to people. */
export async function checkLive(app: App, { site, desk }: Desk): Promise<Result<Checked> | null> {
  if (desk.assertions.length === 0) return null;
  const checked = await askAll(desk.care.ask, desk.assertions);
  if (!checked.ok) return checked;
  const { env } = site.settings;
  const fact = integrityFact(env, "live", checked.value);
  const told =
    checked.value.failures.length > 0
      ? [alarm(app, env, "the data is not right", checkedWords("the live database", checked))]
      : [];
  app.deps.ledger.record([fact], told);
  return checked;
}

export function integrityFact(env: string, of: string, { checks, failures }: Checked): NewEvent {
  if (failures.length === 0) return { type: "integrity.passed", data: { env, of, checks } };
  return { type: "integrity.failed", data: { env, of, checks, failures: [...failures] } };
}

export function checkedWords(of: string, checked: Result<Checked> | null): string {
  if (checked === null || (checked.ok && checked.value.checks === 0))
    return "No integrity checks are in lastgood.yml (`integrity:`).";
  if (!checked.ok) return `The integrity checks could not be asked of ${of}: ${checked.error.what}.`;
  const { checks, failures } = checked.value;
  if (failures.length === 0) return `All ${checks} integrity checks hold in ${of}.`;
  const words = failures.map(({ name, what }) => `${name}: ${what}`).join("; ");
  return `${failures.length} of ${checks} integrity checks are broken in ${of}: ${words}.`;
}

export function checkedData(checked: Result<Checked> | null): JsonObject | null {
  if (checked === null) return null;
  if (!checked.ok) return { checks: 0, failures: [], unknown: checked.error.what };
  const { checks, failures } = checked.value;
  return { checks, failures: failures.map((one) => ({ ...one })), unknown: null };
}
