// lastgood doctor, wired: it needs no controller and no lock, because those may be what is broken.
import { dirname } from "node:path";
import { deadlineAt, doctor, partMs, type Ward } from "../app/doctor.ts";
import { vitals } from "../app/vitals.ts";
import type { Config } from "../config/schema.ts";
import { emptyBackupState } from "../core/backups/state.ts";
import type { Release } from "../core/release.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import {
  type AskVitals,
  controller,
  journal,
  type Vitals,
  vitalsShape,
} from "../drivers/checks/controller.ts";
import { disk } from "../drivers/checks/disk.ts";
import { machine as machineCheck } from "../drivers/checks/machine.ts";
import { clockKept } from "../drivers/checks/time.ts";
import type { ControlLine } from "../http/control.ts";
import { endOfCopy } from "../journal/copy.ts";
import { journalPaths } from "../journal/paths.ts";
import { callController } from "../os/control-client.ts";
import { localHost } from "../os/exec.ts";
import { processAgeMs } from "../os/process-age.ts";
import { checksOf } from "./checks.ts";
import { configDigest } from "./load.ts";
import { type Machine, thisMachine } from "./machine.ts";
import { openApp } from "./open.ts";
import { breakGlassFolder, type StatePaths, statePaths } from "./paths.ts";
import { siteOf } from "./site.ts";

/** `env` null: all environments. */
export async function runDoctor(config: Config, env: string | null): Promise<Outcome> {
  const known = Object.keys(config.environments);
  if (env !== null && !known.includes(env)) {
    const next = `lastgood.yml has: ${known.join(", ")}. Name one with -e.`;
    return stopped("doctor", env, { code: "usage", what: `no environment "${env}"`, next });
  }
  const machine = thisMachine();
  const wards = wardsOf(config, env === null ? known : [env], machine);
  return doctor(wards, machine.clock, { env, deadlineMs: deadlineAt(processAgeMs()) });
}

function wardsOf(config: Config, envs: readonly string[], machine: Machine): readonly Ward[] {
  const paths = statePaths(config.state);
  const { ask, known } = onceAsked(config, paths, machine);
  const host = localHost(machine.baseEnv, machine.clock);
  const { copy } = journalPaths(paths.journal);
  const copied = () => {
    const end = endOfCopy(copy);
    return { seq: end.last.seq, problem: end.unreadable };
  };
  const wards = envs.flatMap((name) => {
    const section = config.environments[name];
    if (!section) return [];
    const site = siteOf(config, name, { paths, machine, known });
    return [
      { env: name, checks: checksOf({ site, section, machine, ask, glass: breakGlassFolder(config.state) }) },
    ];
  });
  const own: Ward = {
    env: null,
    checks: [
      controller(ask, configDigest(config), machine),
      journal(ask, { file: paths.journal, copied }, machine),
      disk([dirname(paths.root)], { host }),
      machineCheck({ host }),
      clockKept({ host }),
    ],
  };
  return [...wards, own];
}

type Asking = {
  readonly ask: AskVitals;
  /** What the answer said of an environment's releases; nothing before it is there. */
  known(env: string): readonly Release[];
};

/** All checks that want to know share one question. */
function onceAsked(config: Config, paths: StatePaths, machine: Machine): Asking {
  let asked: Promise<Result<Vitals>> | null = null;
  let answer: Vitals | null = null;
  return {
    ask() {
      asked ??= askVitals(config, paths, machine).then((vitals) => {
        if (vitals.ok) answer = vitals.value;
        return vitals;
      });
      return asked;
    },
    known: (env) => answer?.environments.find((one) => one.env === env)?.known ?? [],
  };
}

async function askVitals(config: Config, paths: StatePaths, machine: Machine): Promise<Result<Vitals>> {
  const lines = await callController(paths.socket, "vitals", {}, partMs);
  if (lines.ok) {
    for await (const each of lines.value) {
      const line = each as ControlLine;
      if ("outcome" in line) return read(line.outcome, true);
    }
    return problem("failed", "the controller ended while it answered", "lastgood doctor");
  }
  if (lines.error.code !== "unreachable") return lines;
  const stat = await machine.files.stat(paths.root);
  if (stat.ok && stat.value === null) return ok(nothingYet(config, machine));
  const opened = await openApp(config, "doctor");
  if (!opened.ok) return opened;
  const outcome = vitals(opened.value.app);
  opened.value.close();
  return read(outcome, false);
}

function read(outcome: Outcome, runs: boolean): Result<Vitals> {
  const parsed = vitalsShape.safeParse(outcome.data);
  if (parsed.success) return ok({ ...parsed.data, runs });
  return problem("failed", "the controller speaks another version", "Start it again: lastgood serve");
}

/** Before the first deploy there is no state folder, and looking must not make one. */
function nothingYet(config: Config, machine: Machine): Vitals {
  const { pid, startTime } = machine.processes.self();
  const empty = {
    serving: null,
    lastGood: null,
    newestGood: null,
    known: [],
    services: [],
    run: null,
    watch: null,
    backups: emptyBackupState,
  };
  return {
    runs: false,
    config: configDigest(config),
    controller: { pid, startTime, who: "doctor" },
    journal: { head: 0, epoch: 0, diskFull: false },
    environments: Object.keys(config.environments).map((env) => ({ env, ...empty })),
  };
}
