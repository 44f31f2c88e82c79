// Cuts compose deploys and rollbacks off by kill -9, of the controller, of its docker client or of dockerd, and looks at
// what a fresh controller makes of it.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import { settle } from "../../../src/compose/controller.ts";
import { envState } from "../../../src/core/state.ts";
import { localProcesses } from "../../../src/os/processes.ts";
import type { ProcessRef } from "../../../src/ports/processes.ts";
import { openHere } from "../bed.ts";
import { ofStack, type StackBed } from "./bed.ts";
import type { DockerShim } from "./docker-shim.ts";

const killable = fileURLToPath(new URL("../killable.ts", import.meta.url));
const processes = localProcesses();

export type Verb = "deploy" | "rollback";

export type Blow =
  | { readonly who: "nobody" }
  /** At its n-th journal append, before or after it is durable. */
  | { readonly who: "controller"; readonly at: number; readonly phase: "before" | "after" }
  | { readonly who: "controller at a random moment"; readonly afterMs: number }
  /** In the middle of its n-th call. */
  | { readonly who: "docker"; readonly call: number; readonly afterMs: number }
  /** At the controller's n-th journal append, with all its containers. */
  | { readonly who: "dockerd"; readonly at: number; readonly engine: ProcessRef };

export type Struck = {
  /** What was to be killed was killed. */
  readonly hit: boolean;
  readonly appends: number;
  readonly calls: number;
};

/** Runs the verb in a process of its own, and strikes. */
export async function strike(
  bed: StackBed,
  shim: DockerShim,
  verb: Verb,
  version: string,
  blow: Blow,
): Promise<Struck> {
  await shim.arm(blow.who === "docker" ? blow.call : 0, blow.who === "docker" ? blow.afterMs : 0);
  const ended = await run(bed, shim, verb, version, blow);
  const engineDied = blow.who === "dockerd" && !processes.alive(blow.engine);
  const hit = blow.who === "docker" ? await shim.killed() : ended.died || engineDied;
  return { hit, appends: ended.appends, calls: await shim.calls() };
}

function run(bed: StackBed, shim: DockerShim, verb: Verb, version: string, blow: Blow) {
  const at = "at" in blow ? blow.at : 0;
  const phase = blow.who === "dockerd" ? "after" : "phase" in blow ? blow.phase : "before";
  const victim = blow.who === "dockerd" ? [String(blow.engine.pid)] : [];
  const args = [killable, bed.config, verb, version, String(at), phase, ...victim];
  const env = { ...process.env, ...bed.env, PATH: shim.path };
  return new Promise<{ died: boolean; appends: number }>((resolve, reject) => {
    const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], env });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      const begins = out === "";
      out += chunk;
      if (begins && "afterMs" in blow && blow.who !== "docker")
        setTimeout(() => child.kill("SIGKILL"), blow.afterMs);
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.on("close", (code, signal) => {
      if (signal === "SIGKILL") return resolve({ died: true, appends: 0 });
      if (code !== 0) return reject(new Error(`${verb} ${version} ended with ${code}: ${err}`));
      resolve({ died: false, appends: JSON.parse(out.trim().split("\n").at(-1) ?? "{}").appends });
    });
  });
}

export type Recovered = {
  readonly serving: string;
  readonly paused: boolean;
  /** Nothing ran any more, and a person started it again. */
  readonly startedAgain: boolean;
};

/**
 * Settles what a dead controller left, twice, and checks what must always hold (design §12). `mayBeDown`: a dockerd that
 * was killed does not start containers again whose restart policy is `unless-stopped`; then a person does, by a deploy.
 */
export async function recoverTwice(
  bed: StackBed,
  versions: readonly string[],
  mayBeDown = false,
): Promise<Recovered> {
  const { status, served, seq } = await settled(bed);
  expect(["paused", "ended", null]).toContain(status);
  const startedAgain = mayBeDown && (await bed.answers()) === null;
  if (startedAgain) {
    // Where the engine died in the middle of going back, the run is paused, and what it was to leave takes a person's word.
    if (status === "paused") await giveUp(bed);
    const back = await bed.deploy(served ?? "", "--lift", "the engine died, not the release");
    expect(back.exit, back.out + back.err).toBe(0);
  }
  const second = await settled(bed);
  if (!startedAgain) expect(second.seq).toBe(seq);
  const serving = await bed.answers();
  expect(versions).toContain(serving);
  expect(second.answers).toBe(serving);
  await nothingIsLeft(bed, versions);
  return { serving: serving ?? "", paused: status === "paused" && !startedAgain, startedAgain };
}

async function giveUp(bed: StackBed): Promise<void> {
  const broken = await bed.lastgood("lock", "break", "--why", "the engine died", "--yes", "--json");
  expect(broken.exit, broken.out + broken.err).toBe(0);
}

/** By a controller of its own, as any command does before it does anything else. */
async function settled(bed: StackBed) {
  const opened = await openHere(bed.config);
  await settle(opened);
  const state = opened.app.deps.ledger.state();
  const env = envState(state, "production");
  const status = env.run === null ? null : (state.runs[env.run]?.status ?? null);
  const traffic = opened.app.sites.get("production")?.world.traffic(bed.stack.api);
  const answer = await traffic?.whoAnswers("/health", 10_000);
  opened.close();
  return {
    status,
    seq: state.seq,
    served: env.serving === null ? null : (env.releases[env.serving]?.release.version ?? null),
    answers: answer?.ok && answer.value.status === 200 ? (answer.value.release?.split("-")[0] ?? null) : null,
  };
}

/** No child of a step lives; of our containers none was never started or half recreated, and of each release one runs. */
async function nothingIsLeft(bed: StackBed, versions: readonly string[]): Promise<void> {
  const children = [];
  for (const one of await processes.find("DOCKER_HOST", bed.env["DOCKER_HOST"] ?? ""))
    if ((await processes.environment(one, "LASTGOOD_OP")) !== null) children.push(one.pid);
  expect(children).toEqual([]);
  const ours = (await bed.containers(ofStack(bed))).filter(({ kind }) => kind !== "");
  expect(ours.filter(({ name }) => /^[0-9a-f]{12}_/.test(name))).toEqual([]);
  expect(ours.filter(({ state }) => !["running", "exited"].includes(state))).toEqual([]);
  const running = ours.filter(({ kind, state }) => kind === "instance" && state === "running");
  for (const version of versions)
    expect(running.filter(({ release }) => release.startsWith(`${version}-`)).length).toBeLessThanOrEqual(1);
  expect(ours.filter(({ kind, state }) => kind === "edge" && state === "running")).toHaveLength(1);
}
