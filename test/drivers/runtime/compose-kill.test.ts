// kill -9 of the docker client and of the engine at many moments of a start and a stop: the port's own means recover.
import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import type { Release } from "../../../src/core/release.ts";
import type { Result } from "../../../src/core/result.ts";
import { localProcesses } from "../../../src/os/processes.ts";
import type { Instance } from "../../../src/ports/runtime.ts";
import { until } from "../../os/programs.ts";
import { type PrivateDockerBed, privateDocker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";
import { type ComposeBed, composeBed, running, value } from "./compose-bed.ts";

const withDocker = await describeWith("docker");
const processes = localProcesses();
const limitMs = 300_000;
/** Moments of one piece of work, as shares of the time that it takes undisturbed. */
const moments = (count: number) => Array.from({ length: count }, (_, i) => (i + 0.5) / count);

/** Kills every docker client of an op at that time, once; gives how many there were. */
async function killClients(opId: string, atMs: number): Promise<number> {
  await new Promise((resolve) => setTimeout(resolve, atMs));
  const clients = await processes.find("LASTGOOD_OP", opId);
  for (const client of clients) processes.signal(client, "SIGKILL");
  return clients.length;
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const from = performance.now();
  const result = await work();
  return { ms: performance.now() - from, value: result };
}

/** All containers of an op by the engine itself, whatever their names. */
async function ofOp(bed: ComposeBed, opId: string): Promise<readonly string[]> {
  const args = [
    "ps",
    "--all",
    "--filter",
    `label=lastgood.op=${opId}`,
    "--filter",
    `label=lastgood.env=${bed.docker.project}`,
    "--format",
    "{{.Names}} {{.State}}",
  ];
  return (await bed.docker.docker(args)).split("\n").filter((line) => line !== "");
}

/** The next controller tries the same op: one instance, under its right name, and it runs. */
async function recovered(
  bed: ComposeBed,
  opName: string,
  epoch: number,
  release: Release,
  begun: Result<Instance>,
): Promise<Instance> {
  const runtime = await bed.again();
  const again = value(await runtime.start(bed.op(opName, epoch), "web", release));
  if (begun.ok) expect(again.id).toBe(begun.value.id);
  expect(await ofOp(bed, bed.op(opName).id)).toEqual([`${again.id} running`]);
  expect(value(await runtime.instances("web")).filter(({ id }) => id === again.id)).toMatchObject([
    { state: "running" },
  ]);
  return again;
}

withDocker("compose runtime: the docker client is killed", () => {
  test(
    "at 14 moments of a start: the next try of the op gives one instance that runs, and nothing is left over",
    async () => {
      const bed = await composeBed();
      const release = value(await bed.runtime.capture("v1"));
      const whole = await timed(() =>
        bed.runtime.start(bed.op(`${bed.docker.project}-whole`), "web", release),
      );
      let hits = 0;
      let epoch = 1;
      for (const [i, share] of moments(14).entries()) {
        const name = `${bed.docker.project}-s${i}`;
        const [begun, killed] = await Promise.all([
          (await bed.again()).start(bed.op(name, ++epoch), "web", release),
          killClients(bed.op(name).id, share * whole.ms),
        ]);
        hits += killed > 0 ? 1 : 0;
        const instance = await recovered(bed, name, ++epoch, release, begun);
        value(await (await bed.again()).stop(bed.op(`${name}-stop`, epoch), instance, 5_000));
        expect(await ofOp(bed, bed.op(name).id)).toEqual([`${instance.id} exited`]);
      }
      expect(hits).toBeGreaterThan(3);
    },
    limitMs,
  );

  test(
    "at 8 moments of a stop: stopping again ends exactly that instance",
    async () => {
      const bed = await composeBed();
      const release = value(await bed.runtime.capture("v1"));
      const other = value(await bed.runtime.start(bed.op("other"), "web", release));
      const first = value(await bed.runtime.start(bed.op("first"), "web", release));
      const whole = await timed(() => bed.runtime.stop(bed.op(`${bed.docker.project}-whole`), first, 5_000));
      for (const [i, share] of moments(8).entries()) {
        const name = `${bed.docker.project}-e${i}`;
        const instance = value(await bed.runtime.start(bed.op(name), "web", release));
        const stop = `${name}-stop`;
        await Promise.all([
          (await bed.again()).stop(bed.op(stop), instance, 5_000),
          killClients(bed.op(stop).id, share * whole.ms),
        ]);
        value(await (await bed.again()).stop(bed.op(stop), instance, 5_000));
        expect(await running(bed.docker, release.id)).toEqual([other.id]);
      }
    },
    limitMs,
  );
});

async function kill({ engine }: PrivateDockerBed): Promise<void> {
  const daemon = await engine.process();
  if (daemon === null) throw new Error("no engine runs");
  processes.signal(daemon, "SIGKILL");
  // A fresh one refuses to start while its pid is in use, also by a process that is dead and not yet reaped.
  await until(() => !existsSync(`/proc/${daemon.pid}`));
}

withDocker("compose runtime: the engine is killed", () => {
  test(
    "at 5 moments of a start and 3 of a stop: once it is back, the op gives one instance, and what was stopped stays stopped",
    async () => {
      const engine: PrivateDockerBed = await privateDocker();
      const bed = await composeBed({ web: "    restart: always\n" }, engine);
      const release = value(await bed.runtime.capture("v1"));
      const start = await timed(() => bed.runtime.start(bed.op("whole"), "web", release));
      let instance = value(start.value);
      const stop = await timed(() => bed.runtime.stop(bed.op("whole-stop"), instance, 5_000));
      const killEngine = async (atMs: number): Promise<void> => {
        await new Promise((resolve) => setTimeout(resolve, atMs));
        await kill(engine);
      };
      let epoch = 1;
      for (const [i, share] of moments(5).entries()) {
        const name = `start-${i}`;
        const [begun] = await Promise.all([
          (await bed.again()).start(bed.op(name, ++epoch), "web", release),
          killEngine(share * start.ms),
        ]);
        await engine.engine.startAgain();
        instance = await recovered(bed, name, ++epoch, release, begun);
        value(await (await bed.again()).stop(bed.op(`${name}-stop`, epoch), instance, 5_000));
      }
      for (const [i, share] of moments(3).entries()) {
        const name = `stop-${i}`;
        instance = value(await (await bed.again()).start(bed.op(name, ++epoch), "web", release));
        await Promise.all([
          (await bed.again()).stop(bed.op(`${name}-stop`, epoch), instance, 5_000),
          killEngine(share * stop.ms),
        ]);
        await engine.engine.startAgain();
        value(await (await bed.again()).stop(bed.op(`${name}-stop`, epoch), instance, 5_000));
        expect(await ofOp(bed, bed.op(name).id)).toEqual([`${instance.id} exited`]);
      }
      // What was stopped would come back by its own `restart: always`.
      await kill(engine);
      await engine.engine.startAgain();
      expect(await running(engine, release.id)).toEqual([]);
    },
    limitMs,
  );
});
