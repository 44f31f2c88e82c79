// lastgood doctor: every part asked at once, each with a deadline, so that one that hangs delays nothing.
import type { Look } from "../core/doctor/look.ts";
import { failedLook, type Row, reportData, silentLook, verdict } from "../core/doctor/report.ts";
import type { Result } from "../core/result.ts";
import type { Outcome } from "../core/view/outcome.ts";
import type { Check } from "../ports/checkup.ts";
import type { Clock } from "../ports/clock.ts";

/** The checks of one environment; `env` null: the machine's and the controller's own. */
export type Ward = { readonly env: string | null; readonly checks: readonly Check[] };

/** What one part is given. */
export const partMs = 1_500;
/** A part is never given less, however slowly the command itself came up: a loaded machine is no dead one. */
const leastMs = 1_000;
/** When all parts have answered or were given up, counted from the start of the command; printing comes on top. */
const wholeMs = 1_850;

/** So that a person has the whole answer 2 s after they pressed Enter. */
export function deadlineAt(ageMs: number): number {
  return Math.max(leastMs, Math.min(partMs, Math.round((wholeMs - ageMs) / 100) * 100));
}

export async function doctor(
  wards: readonly Ward[],
  clock: Clock,
  { env, deadlineMs }: { readonly env: string | null; readonly deadlineMs: number },
): Promise<Outcome> {
  const began = clock.elapsed();
  const all = wards.flatMap((ward) => ward.checks.map((check) => rowsOf(ward.env, check, clock, deadlineMs)));
  const rows = (await Promise.all(all)).flat();
  const { well, what, next } = verdict(rows);
  return {
    verb: "doctor",
    env,
    outcome: well ? "done" : "failed",
    what,
    means: "",
    next,
    problem: null,
    data: reportData(rows, clock.elapsed() - began),
  };
}

async function rowsOf(
  env: string | null,
  check: Check,
  clock: Clock,
  deadlineMs: number,
): Promise<readonly Row[]> {
  const began = clock.elapsed();
  const looks = await lookOnce(check, clock, deadlineMs);
  const ms = clock.elapsed() - began;
  return looks.map((look) => ({ ...look, env, check: check.name, ms }));
}

/** A look that comes too late is told to stop and not waited for: what hangs may not hear that either. */
async function lookOnce(check: Check, clock: Clock, deadlineMs: number): Promise<readonly Look[]> {
  const late = new AbortController();
  const early = new AbortController();
  const deadline = clock.sleep(deadlineMs, early.signal).then(() => null);
  const looked = await Promise.race([check.look(late.signal), deadline]);
  early.abort();
  late.abort();
  return looked === null ? [silentLook(check.about, deadlineMs, check.next)] : looksOf(check, looked);
}

function looksOf(check: Check, looked: Result<readonly Look[]>): readonly Look[] {
  return looked.ok ? looked.value : [failedLook(check.about, looked.error)];
}
