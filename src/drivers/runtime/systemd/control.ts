// The commands that this runtime gives to a machine with systemd: argv only, each with its limit.
import { dirname } from "node:path";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Op } from "../../../ports/op.ts";
import type { Slot, SystemdRuntimeDeps } from "./config.ts";
import { isLive, parseUnits, showUnits, type UnitState } from "./unit.ts";

const lookMs = 10_000;
const actMs = 60_000;
const pollMs = 50;
const linesShown = 20;

type Argv = readonly [string, ...string[]];
type Deps = Pick<SystemdRuntimeDeps, "host" | "clock">;

/** Standard output of a command that must succeed; `failed` with its last words otherwise. */
export async function command(
  { host }: Deps,
  argv: Argv,
  options: { readonly op?: Op; readonly stdin?: string } = {},
): Promise<Result<string>> {
  const { op, stdin } = options;
  const ended = await host.run(
    {
      argv,
      effect: op ? "write" : "read",
      op: op?.id ?? null,
      timeoutMs: op ? actMs : lookMs,
      ...(stdin === undefined ? {} : { stdin }),
    },
    op?.signal,
  );
  if (!ended.ok) return ended;
  const { exitCode, stdout, stderr, timedOut, cancelled } = ended.value;
  if (exitCode === 0) return ok(stdout);
  const said = stderr.trim().split("\n").at(-1) ?? "";
  const how = timedOut ? "took too long" : cancelled ? "was called off" : `failed: ${said}`;
  return problem("failed", `${argv.slice(0, 2).join(" ")} ${how}`, `Try it by hand: ${argv.join(" ")}`);
}

/** State of all slots, in their order, in one look. */
export async function lookAt(deps: Deps, slots: readonly Slot[]): Promise<Result<readonly UnitState[]>> {
  const shown = await command(deps, showUnits(slots.map(({ unit }) => unit)));
  if (!shown.ok) return shown;
  const states = parseUnits(shown.value);
  if (states.length === slots.length) return ok(states);
  return problem("failed", "systemctl show left out a unit", "Try it by hand: systemctl list-units");
}

/** Newest lines of this run of the unit. */
export async function journalOf(
  deps: Deps,
  { unit, invocation }: UnitState,
): Promise<Result<readonly string[]>> {
  if (invocation === "") return ok([]);
  const text = await command(deps, [
    "journalctl",
    "--no-pager",
    "--output=cat",
    `--lines=${linesShown}`,
    `--unit=${unit}`,
  ]);
  return text.ok ? ok(text.value.split("\n").filter((line) => line !== "")) : text;
}

/** Whole or not at all: written beside, then renamed. */
export async function place(deps: Deps, op: Op, path: string, text: string): Promise<Result<void>> {
  const beside = `${path}.new`;
  for (const [argv, stdin] of [
    [["mkdir", "--parents", "--", dirname(path)], undefined],
    [["install", "--mode=0644", "/dev/stdin", beside], text],
    [["mv", "--no-target-directory", "--", beside, path], undefined],
  ] as const) {
    const done = await command(deps, argv, { op, ...(stdin === undefined ? {} : { stdin }) });
    if (!done.ok) return done;
  }
  return ok(undefined);
}

/** The link is exchanged by a rename: whoever follows it finds the old release or the new one. */
export async function pointLink(deps: Deps, op: Op, link: string, target: string): Promise<Result<void>> {
  const beside = `${link}.new`;
  const made = await command(
    deps,
    ["ln", "--symbolic", "--force", "--no-dereference", "--", target, beside],
    { op },
  );
  if (!made.ok) return made;
  const moved = await command(deps, ["mv", "--no-target-directory", "--", beside, link], { op });
  return moved.ok ? ok(undefined) : moved;
}

/** Ask, wait the grace, kill. The target is asked whether it is over; what `systemctl stop` says only explains. */
export async function endUnit(deps: Deps, op: Op, slot: Slot, graceMs: number): Promise<Result<void>> {
  const asked = await command(deps, ["systemctl", "stop", "--no-block", "--", slot.unit], { op });
  if (!asked.ok) return asked;
  const begun = deps.clock.elapsed();
  for (let killed = false; ; ) {
    const now = await lookAt(deps, [slot]);
    if (!now.ok) return now;
    if (now.value.every((state) => !isLive(state))) return ok(undefined);
    const waitedMs = deps.clock.elapsed() - begun;
    if (waitedMs >= graceMs && !killed) {
      killed = true;
      await command(deps, ["systemctl", "kill", "--signal=SIGKILL", "--", slot.unit], { op });
    }
    if (waitedMs >= graceMs + actMs)
      return problem("timeout", `${slot.unit} does not end`, `Look at it: systemctl status ${slot.unit}`);
    await deps.clock.sleep(pollMs);
  }
}
