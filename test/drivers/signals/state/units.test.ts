// Lives of real systemd units.
import { expect, test } from "vitest";
import { unitSignals } from "../../../../src/drivers/signals/state/units.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { signalsContract } from "../../../../src/testing/contracts/signals.ts";
import { describeWith } from "../../../parts/needs.ts";
import { type SystemdBed, systemdBed } from "../../../parts/systemd.ts";
import { value } from "../../../proxy/bed.ts";
import { walk } from "../walk.ts";

const clock = systemClock();
const unit = (restart: string) =>
  ["[Service]", "ExecStart=/bin/sleep infinity", `Restart=${restart}`, "RestartSec=50ms", ""].join("\n");

function sourceOf(bed: SystemdBed, units = ["api.service"], others: readonly string[] = []) {
  return unitSignals({ units, others, intervalMs: 100 }, { host: bed.host, clock });
}

async function apiOn(bed: SystemdBed) {
  await bed.unit("api.service", unit("always"));
  await bed.ctl("start", "api.service");
}

const withDocker = await describeWith("docker");
withDocker("unit states", () => {
  test("units: the contract", { timeout: 240_000 }, async () => {
    const bed = await systemdBed();
    await apiOn(bed);
    const happen = async () => {
      await bed.ctl("kill", "--signal=KILL", "api.service");
    };
    for (const one of signalsContract) await one.run({ open: () => sourceOf(bed), happen, loss: null });
  });

  test("a crash is a restart, a start by a person is none, and a unit that stays down is an exit", {
    timeout: 120_000,
  }, async () => {
    const bed = await systemdBed();
    await apiOn(bed);
    await bed.unit("mail.service", unit("no"));
    await bed.ctl("start", "mail.service");
    const source = await walk(sourceOf(bed, ["api.service"], ["mail.service"]));
    await source.until(() => JSON.stringify(source.at()).includes("mail.service"));
    await bed.ctl("restart", "api.service");
    await bed.ctl("kill", "--signal=KILL", "mail.service");
    await source.until(() => source.events.length > 0);
    await bed.ctl("kill", "--signal=KILL", "api.service");
    await source.until(() => source.events.length > 1);
    expect(source.events).toMatchObject([
      { kind: "exit", subject: "mail.service", release: "", what: expect.stringContaining("signal") },
      { kind: "restart", subject: "api.service", weight: 1 },
    ]);
    expect(source.events[1]).not.toHaveProperty("release");
  });

  test("what happened while no controller ran is told by the next one, and counted", {
    timeout: 120_000,
  }, async () => {
    const bed = await systemdBed();
    await apiOn(bed);
    const before = await walk(sourceOf(bed));
    await before.until(() => JSON.stringify(before.at()).includes("api.service"));
    for (const restarts of ["1", "2"]) {
      await bed.ctl("kill", "--signal=KILL", "api.service");
      await expect
        .poll(() => bed.ctl("show", "--property=NRestarts", "--value", "api.service"), { timeout: 30_000 })
        .toBe(restarts);
    }
    const next = await walk(sourceOf(bed), before.at());
    await next.until(() => next.events.length > 0);
    expect(next.events).toMatchObject([{ kind: "restart", weight: 2 }]);
  });

  test("a unit that is not there is blind", { timeout: 120_000 }, async () => {
    const bed = await systemdBed();
    const source = await walk(sourceOf(bed, ["nobody.service"]));
    await source.until(() => source.blind() !== null);
    expect(source.blind()).toBe("there is no unit nobody.service");
    expect(value(await source.source.position())).not.toBeNull();
  });
});
