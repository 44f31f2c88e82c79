// Containers, on a real engine: well, unhealthy, dying again and again, ended; and a docker client that hangs.
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { doctor } from "../../../src/app/doctor.ts";
import type { Look } from "../../../src/core/doctor/look.ts";
import { containers } from "../../../src/drivers/checks/containers.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localHost } from "../../../src/os/exec.ts";
import { tempFolder } from "../../os/temp-folder.ts";
import { docker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";

const clock = systemClock();
const never = new AbortController().signal;
const idle = "setInterval(() => 0, 1000)";

const withDocker = await describeWith("docker");
withDocker("containers", () => {
  test("each is told by its state, and by the name of its service in the next command", async () => {
    const bed = await docker();
    const start = (name: string, program: string, ...flags: readonly string[]) =>
      bed.docker([
        ...["run", "--detach", "--name", `${bed.project}-${name}`],
        ...[
          "--label",
          `com.docker.compose.project=${bed.project}`,
          "--label",
          `com.docker.compose.service=${name}`,
        ],
        ...flags,
        ...["lastgood-test/base:1", "node", "-e", program],
      ]);
    const check = ["--health-interval", "200ms", "--health-retries", "1", "--health-cmd"];
    await start("plain", idle);
    await start("healthy", idle, ...check, "true");
    await start("sick", idle, ...check, "false");
    await start("loops", "process.exit(7)", "--restart", "always");
    await start("ended", "process.exit(3)", "--restart", "on-failure:1");
    await start("task", "process.exit(0)", "--label", "com.docker.compose.oneoff=True");
    const label = `com.docker.compose.project=${bed.project}`;
    const looker = containers({ labels: [[label]] }, { host: bed.host, clock });
    const byName = async () => {
      const looked = await looker.look(never);
      const all = looked.ok ? looked.value : [];
      return Object.fromEntries(all.map((one: Look) => [one.about.slice(bed.project.length + 1), one]));
    };
    await expect.poll(async () => (await byName())["healthy"]?.is, { timeout: 30_000 }).toBe("well");
    await expect.poll(async () => (await byName())["sick"]?.is, { timeout: 30_000 }).toBe("bad");
    // Between two of its deaths it runs for a moment.
    await expect
      .poll(async () => (await byName())["loops"]?.what, { timeout: 30_000 })
      .toMatch(/dies again and again: \d+ restarts, exit 7/);
    await expect
      .poll(async () => (await byName())["ended"]?.data["state"], { timeout: 30_000 })
      .toBe("exited");
    const seen = await byName();
    expect(seen["plain"]).toMatchObject({ is: "well" });
    expect(seen["sick"]).toMatchObject({ next: "lastgood logs sick", data: { health: "unhealthy" } });
    expect(seen["ended"]).toMatchObject({ is: "bad", what: expect.stringMatching(/ended .* ago, exit 3/) });
    expect(seen["task"]).toBeUndefined();
  }, 120_000);

  test("a project without containers is no bad news", async () => {
    const bed = await docker();
    const looker = containers(
      { labels: [[`com.docker.compose.project=${bed.project}`]] },
      { host: bed.host, clock },
    );
    expect(await looker.look(never)).toMatchObject({ ok: true, value: [{ is: "unknown" }] });
  }, 60_000);
});

/** A `docker` of our own in PATH. */
async function fakeDocker(script: string) {
  const folder = await tempFolder();
  await mkdir(join(folder, "bin"));
  await writeFile(join(folder, "bin", "docker"), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, "bin", "docker"), 0o755);
  return localHost({ PATH: `${join(folder, "bin")}:/usr/bin:/bin` }, clock);
}

test("a docker client that hangs is shown as silent, and is ended", async () => {
  const host = await fakeDocker("exec sleep 600");
  let running = 0;
  const counted: typeof host = {
    name: host.name,
    async run(command, signal) {
      running += 1;
      const ended = await host.run(command, signal);
      running -= 1;
      return ended;
    },
  };
  const checks = [containers({ labels: [["a=b"]] }, { host: counted, clock })];
  const outcome = await doctor([{ env: "production", checks }], clock, { env: null, deadlineMs: 200 });
  expect(outcome.data["checks"]).toMatchObject([
    { check: "containers", is: "bad", what: "did not answer in 0.2 s" },
  ]);
  await expect.poll(() => running, { timeout: 20_000 }).toBe(0);
});

test("an engine that does not run is told in docker's own words, with how to start it", async () => {
  const host = await fakeDocker(
    "echo 'Cannot connect to the Docker daemon at unix:///x. Is it running?' >&2; exit 1",
  );
  const looked = await containers({ labels: [["a=b"]] }, { host, clock }).look(never);
  expect(looked).toMatchObject({
    ok: false,
    error: {
      what: expect.stringMatching(/Cannot connect/),
      next: expect.stringMatching(/systemctl start docker/),
    },
  });
});
