import { appendFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ok } from "../../../../src/core/result.ts";
import { containerParts } from "../../../../src/drivers/parts/containers.ts";
import { fileParts } from "../../../../src/drivers/parts/files.ts";
import { unitParts } from "../../../../src/drivers/parts/systemd.ts";
import { logPatternSignals } from "../../../../src/drivers/signals/app-log/patterns.ts";
import { systemClock } from "../../../../src/os/clock.ts";
import { localFiles } from "../../../../src/os/files.ts";
import type { Parts } from "../../../../src/ports/parts.ts";
import { signalsContract } from "../../../../src/testing/contracts/signals.ts";
import { tempFolder } from "../../../os/temp-folder.ts";
import { docker } from "../../../parts/docker.ts";
import { describeWith } from "../../../parts/needs.ts";
import { systemdBed } from "../../../parts/systemd.ts";
import { walk } from "../walk.ts";

const clock = systemClock();
const redactor = () => (text: string) => text;

function open(parts: Parts) {
  const patterns = [
    { name: "fatal", match: /FATAL|PANIC/ },
    { name: "slow", match: /took \d{4,} ms/ },
  ];
  return logPatternSignals({ part: "api", patterns, intervalMs: 100 }, { parts, clock });
}

async function logFile() {
  const path = join(await tempFolder(), "api.log");
  await writeFile(path, "FATAL of long ago\n");
  const part = { name: "api", kind: "app" as const, by: "process", what: "api", running: true };
  const file = { path, from: "api", redact: (text: string) => text };
  const found = async () => ok([{ part, files: async () => ok([file]), restart: null }]);
  return { path, parts: fileParts(found, { files: localFiles() }) };
}

test.each(signalsContract.map((one) => [one.name, one] as const))("lines of a file: %s", async (_, one) => {
  const { path, parts } = await logFile();
  const happen = () => appendFile(path, "FATAL: it is over\n");
  await one.run({ open: () => open(parts), happen, loss: null });
});

test("lines that match are counted, with the newest of them; half a line waits for its end", async () => {
  const { path, parts } = await logFile();
  const source = await walk(open(parts));
  await source.until(() => JSON.stringify(source.at()).includes("api.log"));
  await appendFile(path, "well\nFATAL one\nFATAL two took 1200 ms\nPAN");
  await source.until(() => source.events.length >= 2);
  expect(source.events).toMatchObject([
    { kind: "pattern", subject: "api fatal", weight: 2, what: "2 lines, the newest: FATAL two took 1200 ms" },
    { kind: "pattern", subject: "api slow", weight: 1, what: "FATAL two took 1200 ms" },
  ]);
  await appendFile(path, "IC three\n");
  await source.until(() => source.events.length >= 3);
  expect(source.events[2]?.what).toBe("PANIC three");
});

test("a controller that was away goes on where it was", async () => {
  const { path, parts } = await logFile();
  const before = await walk(open(parts));
  await before.until(() => JSON.stringify(before.at()).includes("api.log"));
  await appendFile(path, "FATAL while nobody looked\n");
  const next = await walk(open(parts), before.at());
  await next.until(() => next.events.length > 0);
  expect(next.events[0]?.what).toBe("FATAL while nobody looked");
});

test("a part that is not there is blind", async () => {
  const { parts } = await logFile();
  const config = { part: "web", patterns: [], intervalMs: 100 };
  const source = await walk(logPatternSignals(config, { parts, clock }));
  await source.until(() => source.blind() !== null);
  expect(source.blind()).toBe('there is no part "web"');
});

const withDocker = await describeWith("docker");
withDocker("logs of containers and units", () => {
  test("docker logs: what a container says, on both outputs, from now on", { timeout: 120_000 }, async () => {
    const bed = await docker();
    const label = `com.docker.compose.project=${bed.project}`;
    const program =
      "console.error('FATAL of before'); let n = 0; process.on('SIGUSR2', () => { n += 1; console.error('FATAL ' + n); console.log('took 9000 ms'); }); setInterval(() => 0, 1000)";
    const name = `${bed.project}-api`;
    await bed.docker([
      "run",
      "--detach",
      "--name",
      name,
      "--label",
      label,
      "--label",
      "com.docker.compose.service=api",
      "lastgood-test/base:1",
      "node",
      "-e",
      program,
    ]);
    await expect
      .poll(async () => (await bed.tryDocker(["logs", name])).stderr, { timeout: 30_000 })
      .toContain("before");
    const source = await walk(
      open(containerParts({ labels: [[label]], kinds: {} }, { host: bed.host, redactor })),
    );
    for (const count of [1, 2]) {
      await bed.docker(["kill", "--signal", "USR2", name]);
      await source.until(
        () => source.events.filter(({ subject }) => subject === "api fatal").length >= count,
      );
    }
    const fatal = source.events.filter(({ subject }) => subject === "api fatal");
    expect(fatal.map(({ what }) => what)).toEqual(["FATAL 1", "FATAL 2"]);
    expect(source.events.some(({ subject }) => subject === "api slow")).toBe(true);
    expect(Math.abs((fatal[0]?.at ?? 0) - Date.now())).toBeLessThan(120_000);
  });

  test("journalctl: what a unit says", { timeout: 120_000 }, async () => {
    const bed = await systemdBed();
    await bed.unit("api.service", ["[Service]", "Type=oneshot", "ExecStart=/bin/sleep FATAL", ""].join("\n"));
    const parts = unitParts([{ name: "api", kind: "app", units: ["api.service"] }], {
      host: bed.host,
      redactor,
    });
    const source = await walk(open(parts));
    await bed.ctl("start", "api.service");
    await source.until(() => source.events.length > 0);
    expect(source.events[0]).toMatchObject({ kind: "pattern", subject: "api fatal" });
    expect(source.events[0]?.what).toContain("FATAL");
  });
});
