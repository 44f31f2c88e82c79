// Lives of real containers on a real engine: over its socket, and by its client.
import { expect, test } from "vitest";
import { containerSignals } from "../../../../src/drivers/signals/state/containers.ts";
import { eventReader } from "../../../../src/drivers/signals/state/docker-events.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { httpClient } from "../../../../src/os/http-client.ts";
import type { Signals } from "../../../../src/ports/signals.ts";
import { signalsContract } from "../../../../src/testing/contracts/signals.ts";
import { type DockerBed, docker } from "../../../parts/docker.ts";
import { describeWith } from "../../../parts/needs.ts";
import { value } from "../../../proxy/bed.ts";
import { walk } from "../walk.ts";

const clock = systemClock();
const idle = "setInterval(() => 0, 1000)";
/** Dies of its own once it is told to, and runs on where it is started again. */
const mortal =
  "process.on('SIGUSR2', () => process.exit(7)); setInterval(() => 0, 1000); console.log('ready')";

function sourceOf(bed: DockerBed, by: "socket" | "client" = "socket"): Signals {
  const socketOf = async () => (by === "socket" ? bed.socket : null);
  const engine = eventReader({ host: bed.host, http: httpClient(), nowMs: clock.now, socketOf });
  const labels = [[`com.docker.compose.project=${bed.project}`]];
  return containerSignals({ labels, intervalMs: 100 }, { engine, host: bed.host, clock });
}

async function start(bed: DockerBed, name: string, program: string, ...flags: readonly string[]) {
  const full = `${bed.project}-${name}`;
  const labels = { project: bed.project, service: name };
  const own = Object.entries(labels).flatMap(([key, word]) => [
    "--label",
    `com.docker.compose.${key}=${word}`,
  ]);
  await bed.docker([
    "run",
    "--detach",
    "--name",
    full,
    ...own,
    ...flags,
    "lastgood-test/base:1",
    "node",
    "-e",
    program,
  ]);
  return full;
}

/** The first process of a container ignores signals that it has no ear for yet. */
async function listens(bed: DockerBed, name: string, times = 1): Promise<void> {
  const said = async () => (await bed.docker(["logs", name])).split("ready").length - 1;
  await expect.poll(said, { timeout: 30_000 }).toBeGreaterThanOrEqual(times);
}

const withDocker = await describeWith("docker");
withDocker("container states", () => {
  test.each(signalsContract.map((one) => [one.name, one] as const))(
    "containers: %s",
    { timeout: 120_000 },
    async (_, one) => {
      const bed = await docker();
      const name = await start(bed, "api", mortal, "--restart", "always");
      await listens(bed, name);
      const happen = async () => {
        await bed.docker(["exec", name, "kill", "-USR2", "1"]);
      };
      await one.run({ open: () => sourceOf(bed), happen, loss: null });
    },
  );

  test.each(["socket", "client"] as const)(
    "deaths by the %s: each is one event, and says what comes of it",
    { timeout: 120_000 },
    async (by) => {
      const bed = await docker();
      const source = await walk(sourceOf(bed, by));
      const dies = "setTimeout(() => process.exit(7), 300)";
      await start(bed, "back", dies, "--restart", "on-failure:1", "--label", "lastgood.release=v2-1");
      await start(bed, "down", dies);
      await start(bed, "job", "setTimeout(() => process.exit(0), 300)");
      await start(bed, "once", dies, "--label", "com.docker.compose.oneoff=True");
      await source.until(() => source.events.some(({ subject }) => subject === "back"));
      await source.until(() => source.events.some(({ subject }) => subject === "down"));
      // Its second death is its last; the first one is what this is about.
      const seen = new Map(source.events.toReversed().map((event) => [event.subject, event]));
      expect(seen.get("back")).toMatchObject({ kind: "restart", release: "v2-1" });
      expect(seen.get("back")?.what).toContain("died (exit 7) and is started again");
      expect(seen.get("down")).toMatchObject({ kind: "exit", release: "" });
      expect([...seen.keys()].sort()).toEqual(["back", "down"]);
      expect(source.blind()).toBeNull();
    },
  );

  test("what people stop, kill or restart through the engine is no signal; what dies after that is", {
    timeout: 120_000,
  }, async () => {
    const bed = await docker();
    const asked = await start(bed, "asked", idle, "--restart", "always");
    const own = await start(bed, "own", mortal, "--restart", "always");
    const source = await walk(sourceOf(bed));
    await bed.docker(["restart", "--time", "0", asked]);
    await bed.docker(["stop", "--time", "0", asked]);
    await bed.docker(["kill", own]);
    await bed.docker(["start", own]);
    await bed.docker(["exec", own, "kill", "-USR2", "1"]);
    await source.until(() => source.events.length > 0);
    expect(source.events.map(({ kind, subject }) => [kind, subject])).toEqual([["restart", "own"]]);
  });

  test("memory that runs out is told as that", { timeout: 120_000 }, async () => {
    const bed = await docker();
    const source = await walk(sourceOf(bed));
    const hoard = "const all = []; for (;;) all.push(Buffer.alloc(8 * 1024 * 1024, 1))";
    await start(bed, "hoard", hoard, "--memory", "48m", "--memory-swap", "48m");
    await source.until(() => source.events.length > 0);
    expect(source.events[0]).toMatchObject({ kind: "oom", subject: "hoard" });
    await source.look();
    expect(source.events).toHaveLength(1);
  });

  test("a health check that fails is told, and that it passes again", { timeout: 120_000 }, async () => {
    const bed = await docker();
    const check = ["--health-interval", "200ms", "--health-retries", "1", "--health-cmd", "test ! -e /sick"];
    const name = await start(bed, "api", idle, ...check);
    const source = await walk(sourceOf(bed));
    await bed.docker(["exec", name, "touch", "/sick"]);
    await source.until(() => source.events.length > 0);
    await bed.docker(["exec", name, "rm", "/sick"]);
    await source.until(() => source.events.length > 1);
    expect(source.events.map(({ kind, over }) => [kind, over])).toEqual([
      ["unhealthy", undefined],
      ["unhealthy", true],
    ]);
  });

  test("what happened while no controller ran is told by the next one", { timeout: 120_000 }, async () => {
    const bed = await docker();
    const from = value(await sourceOf(bed).position());
    const name = await start(bed, "api", mortal, "--restart", "always");
    await listens(bed, name);
    await bed.docker(["exec", name, "kill", "-USR2", "1"]);
    await expect
      .poll(() => bed.docker(["inspect", "--format", "{{.RestartCount}}", name]), { timeout: 30_000 })
      .toContain("1");
    const next = await walk(sourceOf(bed), from);
    await next.until(() => next.events.length > 0);
    expect(next.events).toMatchObject([{ kind: "restart", subject: "api" }]);
  });

  test("an engine that is not there is blind, and says where it was looked for", async () => {
    const bed = await docker();
    const lost = { ...bed, socket: `${bed.socket}.gone` };
    const source = await walk(sourceOf(lost));
    await source.until(() => source.blind() !== null);
    expect(source.blind()).toContain(`${bed.socket}.gone does not answer`);
  });
});
