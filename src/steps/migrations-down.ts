// migrations.down: SQL of ours, one transaction with a marker; migrations.down-by-tool: its own command, judged by its own table.
import { z } from "zod";
import type { Json } from "../core/json.ts";
import { ok, problem, type Result } from "../core/result.ts";
import type { Migrations } from "../ports/migrations.ts";
import type { StepContext, StepKind, Verdict } from "../ports/step.ts";
import type { TaskState } from "../ports/tasks.ts";
import type { World } from "../ports/world.ts";

const limitMs = 60 * 60_000;
const spareMs = 10_000;

const downInput = z.strictObject({
  /** Newest first. */
  names: z.array(z.string()),
  /** Refused where anything of now would go along. */
  lossless: z.boolean().default(false),
});
const byToolInput = z.strictObject({
  name: z.string(),
  service: z.string(),
  release: z.string(),
  argv: z.tuple([z.string()], z.string()),
  timeoutMs: z.number(),
});

export const migrationsDown: StepKind = {
  kind: "migrations.down",
  class: "once",
  limitMs: () => limitMs,
  before: async () => ok(null),
  async run({ world, op }, input) {
    const driver = driverOf(world);
    if (!driver.ok) return driver;
    const { names, lossless } = downInput.parse(input);
    const down = await driver.value.down(op, names, { lossless });
    return down.ok ? ok({ names: [...down.value] }) : down;
  },
  async probe({ world, op }) {
    const went = await world.migrations?.wentDown(op.id);
    if (!went?.ok) return { is: "unknown", what: went?.error.what ?? "nothing says how the app is migrated" };
    return went.value === null ? { is: "absent" } : { is: "applied", evidence: { names: [...went.value] } };
  },
  repair: async () => ok(undefined),
};

export const migrationsDownByTool: StepKind = {
  kind: "migrations.down-by-tool",
  class: "once",
  limitMs: (input) => byToolInput.parse(input).timeoutMs + spareMs,
  before: async () => ok(null),
  async run(context, input) {
    const { name, service, release, argv, timeoutMs } = byToolInput.parse(input);
    const { world, op } = context;
    if (!world.tasks)
      return problem(
        "config",
        "this runtime cannot run commands",
        "Take it down by hand, in the app's image.",
      );
    const ended = await world.tasks.run(op, context.release(release), { service, argv, timeoutMs });
    if (!ended.ok) return ended;
    const stands = await isApplied(world, name);
    if (!stands.ok) return stands;
    return stands.value ? refusedToGo(name, ended.value) : ok({ name });
  },
  probe: probeByTool,
  repair: async () => ok(undefined),
};

/** Its own table is the truth, whatever the command said. */
async function probeByTool({ world, op }: StepContext, input: Json): Promise<Verdict> {
  const { name } = byToolInput.parse(input);
  const stands = await isApplied(world, name);
  if (!stands.ok) return { is: "unknown", what: stands.error.what };
  if (!stands.value) return { is: "applied", evidence: { name } };
  const state = await world.tasks?.state(op.id);
  if (!state?.ok) return { is: "unknown", what: state?.error.what ?? "this runtime cannot run commands" };
  if (state.value.is === "running") return { is: "unknown", what: `the command for ${name} still runs` };
  return { is: "absent" };
}

async function isApplied(world: World, name: string): Promise<Result<boolean>> {
  const driver = driverOf(world);
  if (!driver.ok) return driver;
  const status = await driver.value.status();
  return status.ok ? ok(status.value.applied.some((one) => one.name === name)) : status;
}

/** Not tried again: the same command says the same. */
function refusedToGo(name: string, state: TaskState): Result<never> {
  const said = state.is === "ended" ? state.lastLines.slice(-3).join(" ") : "";
  return problem(
    "refused",
    `${name} is applied still; the command said: ${said || "nothing"}`,
    "Mend the command, then say it again.",
  );
}

function driverOf(world: World): Result<Migrations> {
  if (world.migrations) return ok(world.migrations);
  return problem(
    "config",
    "nothing says how this app is migrated",
    "Add a `migrations:` section to lastgood.yml, and `database:` of kind postgres.",
  );
}
