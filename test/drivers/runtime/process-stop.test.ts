import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../../os/programs.ts";
import { lines, op, processBed, processes, recordOf, started, value } from "./process-bed.ts";

test("an instance that was started without its record (a lost one) can be stopped", async () => {
  const bed = await processBed();
  const { release, instance } = await started(bed);
  await rm(recordOf(bed, instance));
  value(await (await bed.again()).stop(op("stop"), instance, 2_000));
  expect(await bed.aliveCount(release.id)).toBe(0);
});

test("a record whose pid belongs to another process by now is a dead instance, and that process is left alone", async () => {
  const bed = await processBed();
  const { instance } = await started(bed);
  value(await bed.runtime.stop(op("stop"), instance, 2_000));
  const record = JSON.parse(await readFile(recordOf(bed, instance), "utf8"));
  const foreign = value(
    await processes.start({
      argv: [process.execPath, "-e", "setInterval(() => {}, 1000)"],
      cwd: bed.folder,
      env: {},
      logFile: join(bed.folder, "foreign.log"),
    }),
  );
  onTestFinished(() => void processes.signal(foreign, "SIGKILL"));
  await writeFile(
    recordOf(bed, instance),
    JSON.stringify({ ...record, process: { ...record.process, pid: foreign.pid } }),
  );
  expect(value(await bed.runtime.instances("web"))).toMatchObject([{ id: instance.id, state: "exited" }]);
  value(await bed.runtime.stop(op("stop"), instance, 100));
  expect(processes.alive(foreign)).toBe(true);
});

test("a program that is deaf to SIGTERM is killed after its grace, not before", async () => {
  const bed = await processBed();
  await bed.version(
    "deaf",
    'process.on("SIGTERM", () => console.log("no")); console.log("ready"); setInterval(() => {}, 1000)',
  );
  const release = value(await bed.runtime.capture("deaf"));
  const instance = value(await bed.runtime.start(op("start"), "web", release));
  await lines(bed.runtime, 1);
  const before = bed.deps.clock.elapsed();
  value(await bed.runtime.stop(op("stop"), instance, 300));
  expect(bed.deps.clock.elapsed() - before).toBeGreaterThanOrEqual(300);
  expect(value(await bed.runtime.instances("web"))).toMatchObject([
    { state: "exited", lastLines: ["ready", "no"] },
  ]);
});

test("helpers end with their instance, also those in a session of their own that are deaf", async () => {
  const bed = await processBed();
  await bed.version(
    "family",
    `import { spawn } from "node:child_process";
    if (process.argv[2] === "helper") { process.on("SIGTERM", () => {}); console.log("helper"); }
    else spawn(process.execPath, [process.argv[1], "helper"], { detached: true, stdio: "inherit" }).unref();
    setInterval(() => {}, 1000);`,
  );
  const runtime = bed.with({ command: ["{node}", "main.mjs"] });
  const release = value(await runtime.capture("family"));
  const instance = value(await runtime.start(op("start"), "web", release));
  await lines(runtime, 1);
  expect(await bed.aliveCount(release.id)).toBe(2);
  value(await runtime.stop(op("stop"), instance, 1_000));
  expect(await bed.aliveCount(release.id)).toBe(0);
});

test("helpers that outlive a crash are ended before the same op starts again", async () => {
  const bed = await processBed();
  await bed.version(
    "crash-family",
    `import { spawn } from "node:child_process";
    if (process.argv[2] === "helper") setInterval(() => {}, 1000);
    else { spawn(process.execPath, [process.argv[1], "helper"], { detached: true, stdio: "ignore" }).unref(); console.log("bye"); }`,
  );
  const runtime = bed.with({ command: ["{node}", "main.mjs"] });
  const release = value(await runtime.capture("crash-family"));
  value(await runtime.start(op("start"), "web", release));
  await until(async () => value(await runtime.instances("web"))[0]?.state === "exited");
  const [helper] = await processes.find("LASTGOOD_STATE", bed.stateDir);
  if (!helper) throw new Error("no helper");
  value(await runtime.start(op("start"), "web", release));
  expect(processes.alive(helper)).toBe(false);
  await until(async () => value(await runtime.instances("web"))[0]?.state === "exited");
  value(await runtime.forget(op("forget"), release.id));
  expect(await processes.find("LASTGOOD_STATE", bed.stateDir)).toEqual([]);
});

test("a controller that is taken over while it waits for an instance to end does not kill it", async () => {
  const bed = await processBed();
  await bed.version(
    "deaf",
    'process.on("SIGTERM", () => console.log("no")); console.log("ready"); setInterval(() => {}, 1000)',
  );
  const release = value(await bed.runtime.capture("deaf"));
  const instance = value(await bed.runtime.start(op("start"), "web", release));
  await lines(bed.runtime, 1);
  const stopping = bed.runtime.stop(op("stop"), instance, 60_000);
  await lines(bed.runtime, 2);
  value(await (await bed.again()).forget(op("anything", 2), "unknown-release"));
  expect(await stopping).toMatchObject({ ok: false, error: { code: "fenced" } });
  expect(await bed.aliveCount(release.id)).toBe(1);
});

test("an aborted stop says so and leaves the rest to a probe", async () => {
  const bed = await processBed();
  await bed.version(
    "deaf",
    'process.on("SIGTERM", () => console.log("no")); console.log("ready"); setInterval(() => {}, 1000)',
  );
  const release = value(await bed.runtime.capture("deaf"));
  const instance = value(await bed.runtime.start(op("start"), "web", release));
  await lines(bed.runtime, 1);
  const abort = new AbortController();
  const stopping = bed.runtime.stop(op("stop", 1, abort.signal), instance, 60_000);
  await lines(bed.runtime, 2);
  abort.abort();
  expect(await stopping).toMatchObject({ ok: false, error: { code: "cancelled" } });
  expect(await bed.aliveCount(release.id)).toBe(1);
});

test("a controller that a person runs from inside an instance does not end itself with it", async () => {
  const bed = await processBed();
  const { release, instance } = await started(bed);
  const [inside] = await processes.find("LASTGOOD_STATE", bed.stateDir);
  if (!inside) throw new Error("not started");
  await rm(recordOf(bed, instance));
  const runtime = bed.with({}, { processes: { ...processes, self: () => inside } });
  expect(value(await runtime.instances("web"))).toEqual([]);
  value(await runtime.stop(op("stop"), instance, 100));
  expect(await bed.aliveCount(release.id)).toBe(1);
});

test("two runtimes with the same releases and ops do not see, stop or forget each other's instances", async () => {
  const [one, two] = [await processBed(), await processBed()];
  const { release, instance } = await started(one);
  expect(value(await two.runtime.capture("v1")).id).toBe(release.id);
  expect(value(await two.runtime.instances("web"))).toEqual([]);
  value(await two.runtime.stop(op("stop"), instance, 100));
  expect((await started(two)).instance.id).toBe(instance.id);
  value(await two.runtime.stop(op("stop"), instance, 2_000));
  value(await two.runtime.forget(op("forget"), release.id));
  expect(await two.aliveCount(release.id)).toBe(0);
  expect(await one.aliveCount(release.id)).toBe(1);
});
