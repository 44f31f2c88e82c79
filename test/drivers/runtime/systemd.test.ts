// The systemd runtime against a real systemd, in a container.
import { readlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dropIn, healthOf, isLive, parseUnits } from "../../../src/drivers/runtime/systemd/unit.ts";
import { runtimeContract } from "../../../src/testing/contracts/runtime.ts";
import { laterOn } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { type SystemdBed, systemdBed } from "../../parts/systemd.ts";
import { op } from "./process-bed.ts";
import { systemdRuntimeBed } from "./systemd-bed.ts";

const slowMs = 120_000;

/** Recorded from systemd 252. */
const recorded = `NRestarts=3
Environment=PORT=3001 LASTGOOD_INSTANCE=web-v1-1a2b LASTGOOD_RELEASE=v1-1a2b3c4d LASTGOOD_STARTED_BY=op1 SECRET=hunter2
Id=shop@blue.service
LoadState=loaded
ActiveState=activating
SubState=auto-restart
InvocationID=e88a08b1ba5c42ac85e9fec8abb6bda3

NRestarts=0
Environment=
Id=nothere.service
LoadState=not-found
ActiveState=inactive
SubState=dead
InvocationID=
`;

describe("what systemctl show says", () => {
  const [blue, nothere] = parseUnits(recorded);

  test("our marks are read, and nothing else of the environment", () => {
    expect(blue?.marks).toEqual({ instance: "web-v1-1a2b", release: "v1-1a2b3c4d", op: "op1" });
    expect(JSON.stringify(blue)).not.toContain("hunter2");
  });

  test("a unit that is started again and again is live but not well; one that nobody knows is not loaded", () => {
    expect(blue && [isLive(blue), healthOf(blue)]).toEqual([true, "unhealthy"]);
    expect(nothere && [nothere.loaded, isLive(nothere), nothere.marks]).toEqual([false, false, null]);
  });

  test("a drop-in doubles the sign that begins a specifier", () => {
    const marks = { instance: "i", release: "r", op: "o" };
    const text = dropIn({ marks, service: "web", port: 1, folder: "/srv/100%/x", envFile: "/srv/100%/env" });
    expect(text).toContain("WorkingDirectory=/srv/100%%/x\nEnvironmentFile=/srv/100%%/env\n");
  });
});

const withSystemd = await describeWith("docker", "systemd");

withSystemd("the systemd runtime", () => {
  const { later, end } = laterOn();
  let machine: SystemdBed;
  beforeAll(async () => {
    machine = await systemdBed(later);
  }, slowMs);
  afterAll(end, slowMs);

  test.each(runtimeContract.map((one) => [one.name, one] as const))(
    "keeps the contract of all runtimes: %s",
    async (_, one) => {
      await one.run(await systemdRuntimeBed(machine));
    },
    slowMs,
  );

  test("a plain unit has one place: a second release is told what to do", { timeout: slowMs }, async () => {
    const bed = await systemdRuntimeBed(machine);
    await machine.unit(`${bed.name}.service`, "[Service]\nExecStart=/usr/local/bin/node main.mjs\n");
    const link = join(bed.folder, "current");
    const runtime = bed.with({ unit: `${bed.name}.service`, ports: { only: bed.ports["blue"] ?? 0 }, link });
    const [v1, v2] = [await runtime.capture("v1"), await runtime.capture("v2")];
    if (!v1.ok || !v2.ok) throw new Error("not captured");
    const started = await runtime.start(op("one"), "web", v1.value);
    expect(started).toMatchObject({ ok: true, value: { release: v1.value.id, state: "running" } });
    expect(readlinkSync(link)).toContain(v1.value.id);
    const refused = await runtime.start(op("two"), "web", v2.value);
    expect(refused).toMatchObject({ ok: false, error: { code: "busy" } });
    expect(!refused.ok && refused.error.next).toContain("strategy: pause");
    await machine.ctl("stop", `${bed.name}.service`);
  });

  test("a unit that systemd starts over and over is unhealthy, and stop ends that", {
    timeout: slowMs,
  }, async () => {
    const bed = await systemdRuntimeBed(machine, "always");
    const release = await bed.runtime.capture("v2");
    if (!release.ok) throw new Error(release.error.what);
    const started = await bed.runtime.start(op("start"), "web", release.value);
    if (!started.ok) throw new Error(started.error.what);
    await expect
      .poll(
        async () => (await bed.runtime.instances("web")).ok && health(await bed.runtime.instances("web")),
        {
          timeout: 30_000,
        },
      )
      .toBe("unhealthy");
    expect(await bed.runtime.stop(op("stop"), started.value, 1_000)).toMatchObject({ ok: true });
    expect(await bed.runtime.instances("web")).toMatchObject({ value: [{ state: "exited" }] });
  });

  test("values of the env file reach the app and never our words", { timeout: slowMs }, async () => {
    const bed = await systemdRuntimeBed(machine);
    const envFile = join(bed.folder, "env");
    writeFileSync(envFile, "API_TOKEN=correct-horse-battery\n", { mode: 0o600 });
    await bed.version("v3", 'console.log("token is " + process.env.API_TOKEN); setInterval(() => {}, 1000);');
    const runtime = bed.with({ envFile });
    const release = await runtime.capture("v3");
    if (!release.ok) throw new Error(release.error.what);
    await runtime.start(op("start"), "web", release.value);
    await expect
      .poll(async () => JSON.stringify(await runtime.instances("web")), { timeout: 30_000 })
      .toContain("token is");
    expect(JSON.stringify(await runtime.instances("web"))).not.toContain("correct-horse");
  });
});

function health(
  all: Awaited<ReturnType<Awaited<ReturnType<typeof systemdRuntimeBed>>["runtime"]["instances"]>>,
) {
  return all.ok ? all.value[0]?.health : null;
}
