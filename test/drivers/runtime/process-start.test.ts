import { spawnSync } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { httpClient } from "../../../src/os/http-client.ts";
import { until } from "../../os/programs.ts";
import { lines, op, PROGRAMS, processBed, processes, recordOf, started, value } from "./process-bed.ts";

test("an instance answers where it says it does, and knows its release", async () => {
  const bed = await processBed();
  const { release, instance } = await started(bed);
  await lines(bed.runtime, 1);
  const answer = await httpClient().request({ method: "GET", url: instance.url ?? "", timeoutMs: 5_000 });
  expect(answer).toMatchObject({ ok: true, value: { body: release.id } });
});

test("an instance gets its own settings and marks, four names of the controller's, and no op", async () => {
  const bed = await processBed();
  await bed.version(
    "v3",
    "console.log(JSON.stringify([process.env, process.argv.slice(2), process.cwd()])); setInterval(() => {}, 1000)",
  );
  const runtime = bed.with({
    env: { COLOR: "blue", LASTGOOD_OP: "x", LASTGOOD_STATE: "/elsewhere", PORT: "1" },
  });
  const release = value(await runtime.capture("v3"));
  const instance = value(await runtime.start(op("start"), "web", release));
  const port = new URL(instance.url ?? "").port;
  await until(async () =>
    (await readFile(join(bed.stateDir, "instances", `${instance.id}.log`), "utf8")).includes("\n"),
  );
  const [env, argv, cwd] = JSON.parse(
    await readFile(join(bed.stateDir, "instances", `${instance.id}.log`), "utf8"),
  );
  expect(env).toEqual({
    PATH: process.env["PATH"],
    HOME: bed.folder,
    LANG: "C",
    COLOR: "blue",
    PORT: port,
    LASTGOOD_INSTANCE: instance.id,
    LASTGOOD_RELEASE: release.id,
    LASTGOOD_SERVICE: "web",
    LASTGOOD_STATE: bed.stateDir,
  });
  expect(argv).toEqual([`--port=${port}`]);
  expect(cwd).toBe(join(bed.stateDir, "releases", release.id, "web", "files"));
});

test("an instance whose record is lost is found again, and starting it again does not double it", async () => {
  const bed = await processBed();
  const { release, instance } = await started(bed);
  await rm(recordOf(bed, instance));
  const next = await bed.again();
  expect(value(await next.instances("web"))).toMatchObject([{ ...instance, lastLines: expect.anything() }]);
  const again = value(await next.start(op("start"), "web", release));
  expect([again.id, again.url, again.op]).toEqual([instance.id, instance.url, instance.op]);
  expect(await bed.aliveCount(release.id)).toBe(1);
  expect(JSON.parse(await readFile(recordOf(bed, instance), "utf8"))).toMatchObject({
    id: instance.id,
    op: "op-start",
  });
});

test("a damaged record counts as lost", async () => {
  const bed = await processBed();
  const { release, instance } = await started(bed);
  await writeFile(recordOf(bed, instance), '{"id": "half');
  expect(value(await bed.runtime.start(op("start"), "web", release)).url).toBe(instance.url);
  expect(await bed.aliveCount(release.id)).toBe(1);
});

test("a controller killed between the spawn and its record leaves one instance, which the next one takes over", async () => {
  const bed = await processBed();
  const release = value(await bed.runtime.capture("v1"));
  const at = (path: string): string => JSON.stringify(join(process.cwd(), "src", path));
  const script = join(bed.folder, "controller.mjs");
  await writeFile(
    script,
    `import { processRuntime } from ${at("drivers/runtime/process/process.ts")};
    import { systemClock } from ${at("os/clock.ts")};
    import { digestTree } from ${at("os/digest.ts")};
    import { localFiles } from ${at("os/files.ts")};
    import { localProcesses } from ${at("os/processes.ts")};
    const real = localProcesses();
    const processes = { ...real, start: async (spec) => { await real.start(spec); process.kill(process.pid, "SIGKILL"); } };
    const runtime = processRuntime({ stateDir: ${JSON.stringify(bed.stateDir)}, services: {} }, {
      files: localFiles(), processes, clock: systemClock(), digestTree, environment: real.environment,
      baseEnv: { PATH: process.env.PATH }, node: process.execPath });
    const signal = new AbortController().signal;
    await runtime.start({ id: "op-start", epoch: 1, signal }, "web", ${JSON.stringify(release)});`,
  );
  expect(spawnSync(process.execPath, [script]).signal).toBe("SIGKILL");
  expect(await bed.aliveCount(release.id)).toBe(1);
  const record = join(bed.stateDir, "instances", `web-${release.id}-op-start.json`);
  expect(JSON.parse(await readFile(record, "utf8"))).toMatchObject({ process: null });

  const [seen] = value(await bed.runtime.instances("web"));
  const instance = value(await bed.runtime.start(op("start", 2), "web", release));
  expect(instance).toMatchObject({ id: seen?.id, url: seen?.url, state: "running" });
  expect(await bed.aliveCount(release.id)).toBe(1);
  expect(JSON.parse(await readFile(record, "utf8")).process).not.toBe(null);
  await lines(bed.runtime, 1);
  expect((await httpClient().request({ method: "GET", url: instance.url ?? "", timeoutMs: 5_000 })).ok).toBe(
    true,
  );
});

test("after a reboot no pid of before is believed", async () => {
  const bed = await processBed();
  const { instance } = await started(bed);
  const other = { ...bed.deps.clock, bootId: () => "another boot" };
  // The process stays alive here; without its mark it would be taken for the instance if only the pid counted.
  const blind = { ...processes, find: async () => [] };
  const runtime = bed.with({}, { clock: other, processes: blind });
  expect(value(await runtime.instances("web"))).toMatchObject([{ id: instance.id, state: "exited" }]);
});

test("of the dead instances of a release only the newest is kept and shown", async () => {
  const bed = await processBed();
  const release = value(await bed.runtime.capture("v2"));
  for (const name of ["a", "b", "c"]) {
    value(await bed.runtime.start(op(name), "web", release));
    await until(async () =>
      value(await bed.runtime.instances("web")).every(({ state }) => state === "exited"),
    );
  }
  expect(value(await bed.runtime.instances("web"))).toMatchObject([
    { op: "op-c", lastLines: ["about to fail", "no database at undefined"] },
  ]);
  expect((await readdir(join(bed.stateDir, "instances"))).length).toBe(2);
});

test("a start that cannot begin says why and leaves nothing that looks like an instance", async () => {
  const bed = await processBed();
  const runtime = bed.with({ command: ["no-such-program"] });
  const release = value(await runtime.capture("v1"));
  expect(await runtime.start(op("start"), "web", release)).toMatchObject({
    ok: false,
    error: { code: "missing" },
  });
  expect(value(await runtime.instances("web"))).toEqual([]);
  expect(await readdir(join(bed.stateDir, "instances"))).toEqual([]);
  const unknown = await runtime.start(op("start"), "worker", release);
  expect(unknown).toMatchObject({
    ok: false,
    error: { code: "missing", what: expect.stringContaining("worker") },
  });
  const stopped = await runtime.start(op("x", 1, AbortSignal.abort()), "web", release);
  expect(stopped).toMatchObject({ ok: false, error: { code: "cancelled" } });
});

test("a release that is not in the store is not started", async () => {
  const bed = await processBed();
  const release = value(await bed.runtime.capture("v1"));
  value(await bed.runtime.forget(op("forget"), release.id));
  expect(await bed.runtime.start(op("start"), "web", release)).toMatchObject({
    ok: false,
    error: { code: "missing" },
  });
  expect(await bed.aliveCount(release.id)).toBe(0);
});

test("a port that another instance has been given is not given again", async () => {
  const bed = await processBed();
  const { release, instance } = await started(bed);
  const taken = Number(new URL(instance.url ?? "").port);
  const offered: number[] = [];
  const freePort = async (): Promise<number> => {
    offered.push(offered.length < 3 ? taken : await processes.freePort());
    return offered.at(-1) ?? 0;
  };
  const runtime = bed.with({}, { processes: { ...processes, freePort } });
  const other = value(await runtime.start(op("other"), "web", release));
  expect(other.url).not.toBe(instance.url);
  expect(offered).toHaveLength(4);
  const stubborn = bed.with({}, { processes: { ...processes, freePort: async () => taken } });
  expect(await stubborn.start(op("third"), "web", release)).toMatchObject({
    ok: false,
    error: { code: "port-in-use" },
  });
});

test("a controller that is taken over while it starts an instance takes it back", async () => {
  const bed = await processBed();
  const release = value(await bed.runtime.capture("v1"));
  const newer = await bed.again();
  const late = {
    ...processes,
    start: async (spec: Parameters<typeof processes.start>[0]) => {
      value(await newer.forget(op("anything", 2), "unknown-release"));
      return processes.start(spec);
    },
  };
  const old = bed.with({}, { processes: late });
  expect(await old.start(op("start"), "web", release)).toMatchObject({
    ok: false,
    error: { code: "fenced" },
  });
  await until(async () => (await bed.aliveCount(release.id)) === 0);
});

test("an unreadable fence stops everything that acts", async () => {
  const bed = await processBed();
  const { release, instance } = await started(bed);
  await writeFile(join(bed.stateDir, "fence.json"), "{}");
  expect(await bed.runtime.stop(op("stop", 9), instance, 100)).toMatchObject({
    ok: false,
    error: { code: "damaged" },
  });
  expect(await bed.aliveCount(release.id)).toBe(1);
});

test("a full disk after the spawn does not take down what runs", async () => {
  const bed = await processBed();
  const release = value(await bed.runtime.capture("v1"));
  let full = false;
  const files: typeof bed.deps.files = {
    ...bed.deps.files,
    replace: async (...args) =>
      full
        ? { ok: false, error: { code: "no-space", what: "full", next: "" } }
        : bed.deps.files.replace(...args),
  };
  const start: typeof processes.start = (spec) => {
    full = true;
    return processes.start(spec);
  };
  const runtime = bed.with({}, { files, processes: { ...processes, start } });
  const instance = value(await runtime.start(op("start"), "web", release));
  expect(value(await (await bed.again()).instances("web"))).toMatchObject([
    { id: instance.id, url: instance.url ?? "", state: "running" },
  ]);
  const second = await runtime.start(op("second"), "web", release);
  expect(second).toMatchObject({ ok: false, error: { code: "no-space" } });
  expect(await bed.aliveCount(release.id)).toBe(1);
});

test("where processes cannot be seen, it is said and not taken for none", async () => {
  const bed = await processBed();
  const find = async (): Promise<never> => Promise.reject(new Error("only Linux"));
  const runtime = bed.with({}, { processes: { ...processes, find } });
  expect(await runtime.instances("web")).toMatchObject({
    ok: false,
    error: { what: expect.stringContaining("only Linux") },
  });
});

test("a program that exits because its port is taken is seen as exited, and the next try gets another port", async () => {
  const bed = await processBed();
  const blocker = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => blocker.once("listening", resolve));
  onTestFinished(() => void blocker.close());
  const address = blocker.address();
  const port = address !== null && typeof address === "object" ? address.port : 0;
  await bed.version("strict", PROGRAMS.good);
  const release = value(await bed.runtime.capture("strict"));
  const unlucky = bed.with({}, { processes: { ...processes, freePort: async () => port } });
  value(await unlucky.start(op("start"), "web", release));
  await until(async () => value(await bed.runtime.instances("web"))[0]?.state === "exited");
  expect(value(await bed.runtime.instances("web"))[0]?.lastLines.join("\n")).toContain("EADDRINUSE");
  const instance = value(await bed.runtime.start(op("start"), "web", release));
  expect(instance.state).toBe("running");
  expect(instance.url).not.toContain(String(port));
});
