// The compose runtime on the two example stacks, which know nothing of it: taken as they run, and a new version beside.
import { expect, onTestFinished, test } from "vitest";
import type { Release } from "../../../src/core/release.ts";
import { layStack } from "../../../src/demo/stack/lay.ts";
import type { Stack } from "../../../src/demo/stack/stack.ts";
import { type ComposeRuntimeConfig, composeRuntime } from "../../../src/drivers/runtime/compose/compose.ts";
import { outlineStack } from "../../../src/drivers/runtime/compose/outline.ts";
import { composeTasks } from "../../../src/drivers/tasks/compose.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localFiles } from "../../../src/os/files.ts";
import { until } from "../../os/programs.ts";
import { tempFolder } from "../../os/temp-folder.ts";
import { type DockerBed, docker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";
import { answer, op, value } from "./compose-bed.ts";

const limitMs = 400_000;

async function lay(kind: "hummii" | "hibachi") {
  const bed = await docker();
  const root = await tempFolder();
  const stack = await layStack(kind, { docker: bed.env, root });
  onTestFinished(() => stack.stop());
  const config: ComposeRuntimeConfig = {
    app: kind,
    env: stack.name,
    stateDir: `${root}/state`,
    stack: {
      folder: stack.dir,
      files: ["docker-compose.prod.yml"],
      envFiles: [stack.envFile],
      profiles: [],
      project: null,
      versionVariable: kind === "hibachi" ? "API_TAG" : null,
      blank: [],
    },
    docker: { host: null, context: null, configDir: null },
    pull: "missing",
    services: {},
  };
  const deps = { host: bed.host, files: localFiles(), clock: systemClock() };
  return {
    bed,
    stack,
    config,
    deps,
    runtime: composeRuntime(config, deps),
    tasks: composeTasks(config, deps),
  };
}

/** Containers of the user's project: name, id and time of start. */
async function theirs(bed: DockerBed, stack: Stack): Promise<readonly string[]> {
  const ids = await bed.docker([
    "ps",
    "--all",
    "--quiet",
    "--filter",
    `label=com.docker.compose.project=${stack.name}`,
  ]);
  const args = [
    "container",
    "inspect",
    "--format",
    "{{.Name}} {{.Id}} {{.State.StartedAt}}",
    ...ids.trim().split("\n"),
  ];
  return (await bed.docker(args)).trim().split("\n").toSorted();
}

async function startAll(runtime: ReturnType<typeof composeRuntime>, release: Release, name: string) {
  const urls: Record<string, string | null> = {};
  for (const service of Object.keys(release.services)) {
    const instance = value(await runtime.start(op(`${name}-${service}`), service, release));
    urls[service] = instance.url;
  }
  for (const [service, spec] of Object.entries(release.services)) {
    const wanted = spec.health.path === null ? ["healthy", "unsaid"] : ["unsaid"];
    await until(async () => {
      const found = value(await runtime.instances(service)).find((one) => one.release === release.id);
      if (found?.state !== "running") throw new Error(`${service}: ${found?.lastLines.join("\n")}`);
      return wanted.includes(found.health);
    });
  }
  return urls;
}

const withDocker = await describeWith("docker");
const withHost = await describeWith("docker", "postgres", "nginx");

withDocker("compose runtime: the hummii stack", () => {
  test(
    "everything is taken for what it is; a new version is built, migrated and started beside; nothing of theirs is touched",
    async () => {
      const { bed, stack, runtime, tasks, config, deps } = await lay("hummii");
      const outline = value(await outlineStack(config, deps, null));
      expect(Object.fromEntries(outline.services.map((one) => [one.name, one.class]))).toEqual({
        admin: "app",
        api: "app",
        frontend: "app",
        nginx: "edge",
        postgres: "stateful",
        redis: "stateful",
        worker: "worker",
      });
      expect(outline.services.filter(({ problem }) => problem !== null)).toEqual([]);
      await stack.up();
      const before = await theirs(bed, stack);
      const names = Object.fromEntries(
        ["api", "worker", "frontend", "admin"].map((name) => [name, [`${stack.name}-${name}`]]),
      );
      const first = value(await runtime.captureRunning("v1", names));
      expect(
        Object.entries(first.services).map(([name, spec]) => [
          name,
          spec.class,
          spec.routed,
          spec.spec["port"],
        ]),
      ).toEqual([
        ["api", "app", true, 3000],
        ["admin", "app", true, 3000],
        ["frontend", "app", true, 3000],
        ["worker", "worker", false, null],
      ]);
      await stack.setVersion("v2");
      const next = value(await runtime.capture("v2"));
      expect(next.services["api"]?.spec["image"]).not.toBe(first.services["api"]?.spec["image"]);
      const migrated = await tasks.run(op("migrate"), next, {
        service: "api",
        argv: ["node", "migrate.mjs"],
        timeoutMs: 60_000,
      });
      expect(value(migrated)).toMatchObject({ is: "ended", exitCode: 0 });
      const { worker: _, ...apps } = next.services;
      const urls = await startAll(runtime, { ...next, services: apps }, "next");
      expect(await answer(`${urls["api"]}/api/version`)).toContain("v2");
      expect(await answer(`${stack.publicUrl}/api/version`)).toContain("v1");
      // The first release again, cold, from its own images and environment.
      const old = await startAll(
        runtime,
        { ...first, services: { api: first.services["api"] ?? apps["api"] } } as Release,
        "old",
      );
      expect(await answer(`${old["api"]}/api/version`)).toContain("v1");
      expect(await theirs(bed, stack)).toEqual(before);
      // Their own name for the image means what it meant: up by hand does not bring the new one.
      await stack.compose(["up", "--detach", "--no-build"]);
      expect(await theirs(bed, stack)).toEqual(before);
    },
    limitMs,
  );
});

withHost("compose runtime: the hibachi stack", () => {
  test(
    "a version by its tag starts beside the published one; Redis is not touched",
    async () => {
      const { bed, stack, runtime } = await lay("hibachi");
      await stack.up();
      const before = await theirs(bed, stack);
      const first = value(
        await runtime.captureRunning("v1", { "production-api": [`${stack.name}-production-api-1`] }),
      );
      expect(Object.keys(first.services)).toEqual(["production-api"]);
      expect(first.services["production-api"]).toMatchObject({
        routed: true,
        spec: { port: 8000, published: [{ hostIp: "127.0.0.1", target: 8000 }] },
      });
      await stack.setVersion("v2");
      const next = value(await runtime.capture("v2"));
      const urls = await startAll(runtime, next, "next");
      expect(await answer(`${urls["production-api"]}/version`)).toContain("v2");
      expect(await answer(`${stack.publicUrl}/version`)).toContain("v1");
      expect(await theirs(bed, stack)).toEqual(before);
    },
    limitMs,
  );
});
