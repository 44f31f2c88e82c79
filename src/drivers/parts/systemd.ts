// Parts that are systemd units of the host.
import { kindByName, type LogLine, type Part, type PartKind, unitName } from "../../core/parts/part.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Finished, Host } from "../../ports/host.ts";
import type { Op } from "../../ports/op.ts";
import type { LogPage, LogWant, Parts } from "../../ports/parts.ts";
import { safe, secretsOf } from "./text.ts";

export type UnitPartsDeps = {
  readonly host: Host;
  readonly redactor: (secrets: Readonly<Record<string, string>>) => (text: string) => string;
};

const readMs = 20_000;
const restartMs = 120_000;
/** UTC and English, so that what is read is the same on every machine. */
const env = { LC_ALL: "C", TZ: "UTC", SYSTEMD_PAGER: "", SYSTEMD_COLORS: "0" };

/** One part may be several units: the two instances of a template. */
export type UnitPart = { readonly name: string; readonly kind: PartKind; readonly units: readonly string[] };

/** What people call a unit, and what it is by its name. */
export function partOfUnit(unit: string): UnitPart {
  return { name: unitName(unit), kind: kindByName(unit) ?? "unit", units: [unit] };
}

export function unitParts(parts: readonly UnitPart[], deps: UnitPartsDeps): Parts {
  const find = (part: string): Result<UnitPart> => {
    const found = parts.find((one) => one.name === part);
    return found ? ok(found) : problem("missing", `there is no part "${part}"`, "lastgood logs lists them.");
  };
  return {
    list: () => list(parts, deps.host),
    async logs(name, want) {
      const part = find(name);
      return part.ok ? logs(part.value, want, deps) : part;
    },
    async restart(op, name) {
      const part = find(name);
      return part.ok ? restart(part.value, op, deps.host) : part;
    },
  };
}

/** Only what runs now: the idle one of two instances is idle on purpose. */
async function restart(part: UnitPart, op: Op, host: Host): Promise<Result<void>> {
  const now = await states(part.units, host);
  if (!now.ok) return now;
  const running = part.units.filter((_, at) => now.value[at]?.running);
  const units = running.length > 0 ? running : part.units;
  const next = `lastgood logs ${part.name}`;
  const argv = ["systemctl", "restart", "--", ...units] as const;
  const done = await host.run({ argv, effect: "write", op: op.id, timeoutMs: restartMs, env }, op.signal);
  if (!done.ok) return done;
  if (done.value.exitCode !== 0)
    return problem("failed", `systemctl restart ${units.join(" ")}: ${words(done.value)}`, next);
  const then = await states(units, host);
  if (!then.ok) return then;
  const dead = then.value.find((state) => !state.running);
  return dead ? problem("unhealthy", `it does not run: ${dead.what}`, next) : ok(undefined);
}

async function list(parts: readonly UnitPart[], host: Host): Promise<Result<readonly Part[]>> {
  const units = parts.flatMap((part) => part.units);
  const seen = await states(units, host);
  if (!seen.ok) return seen;
  const known = new Map(units.map((unit, at) => [unit, seen.value[at]]));
  return ok(
    parts.map(({ name, kind, units: mine }) => {
      const all = mine.flatMap((unit) => known.get(unit) ?? []);
      const shown = all.filter((state) => state.running);
      const what = (shown.length > 0 ? shown : all).map((state) => state.what).join(", ");
      return { name, kind, by: "systemd", what, running: shown.length > 0 };
    }),
  );
}

type UnitState = { readonly running: boolean; readonly what: string };

async function states(units: readonly string[], host: Host): Promise<Result<readonly UnitState[]>> {
  if (units.length === 0) return ok([]);
  const argv = ["systemctl", "show", "--property=Id,ActiveState,SubState", "--", ...units] as const;
  const done = await host.run({ argv, effect: "read", op: null, timeoutMs: readMs, env });
  if (!done.ok) return done;
  if (done.value.exitCode !== 0) return problem("failed", words(done.value), "systemctl --failed");
  const blocks = done.value.stdout.split(/\n\s*\n/).filter((block) => block.trim() !== "");
  return ok(units.map((unit, at) => stateOf(unit, blocks[at] ?? "")));
}

function stateOf(unit: string, block: string): UnitState {
  const value = (name: string) => new RegExp(`^${name}=(.*)$`, "m").exec(block)?.[1] ?? "unknown";
  const state = value("ActiveState");
  return { running: state === "active", what: `${unit}, ${state} (${value("SubState")})` };
}

function words({ stderr, stdout }: Finished): string {
  return (stderr.trim() || stdout.trim()).split("\n").at(-1)?.slice(0, 300) ?? "it said nothing";
}

async function logs(part: UnitPart, want: LogWant, deps: UnitPartsDeps): Promise<Result<LogPage>> {
  const argv = [
    ...["journalctl", "--no-pager", "--quiet", "--output=short-iso-precise", "--show-cursor"],
    ...part.units.flatMap((unit) => ["--unit", unit]),
    ...(want.after ? [`--after-cursor=${want.after}`] : []),
    ...(want.after || want.sinceMs === null ? [] : [`--since=@${Math.floor(want.sinceMs / 1_000)}`]),
    `--lines=${want.lines}`,
  ] as unknown as readonly [string, ...string[]];
  const done = await deps.host.run({ argv, effect: "read", op: null, timeoutMs: readMs, env });
  if (!done.ok) return done;
  if (done.value.exitCode !== 0)
    return problem("failed", words(done.value), "journalctl by hand may say more");
  const redact = deps.redactor(await secretsOfUnits(part.units, deps.host));
  const rows = done.value.stdout.split("\n").filter((row) => row !== "");
  const cursor = rows.findLast((row) => row.startsWith("-- cursor: "))?.slice("-- cursor: ".length);
  const lines = rows.filter((row) => !row.startsWith("-- ")).map((row) => lineOf(part.name, redact(row)));
  return ok({ lines, next: cursor ?? want.after ?? "" });
}

/** `2026-11-22T04:49:18.123456+0000 host name[12]: text` */
function lineOf(unit: string, row: string): LogLine {
  const found = /^(\d{4}-\d\d-\d\dT\S+) \S+ (.*)$/.exec(row);
  return found
    ? { at: found[1] ?? null, from: unit, text: safe(found[2] ?? "") }
    : { at: null, from: unit, text: safe(row) };
}

async function secretsOfUnits(
  units: readonly string[],
  host: Host,
): Promise<Readonly<Record<string, string>>> {
  const argv = ["systemctl", "show", "--property=Environment", "--value", "--", ...units] as const;
  const done = await host.run({ argv, effect: "read", op: null, timeoutMs: readMs, env });
  // Values with spaces are quoted; those are cut into pieces, which are masked all the same when they are long.
  return done.ok ? secretsOf(done.value.stdout.trim().split(/\s+/)) : {};
}
