// Starting and stopping instances beside a stack that the user started: what they get, what they don't, what is cleaned.
import { expect, test } from "vitest";
import type { Host } from "../../../src/ports/host.ts";
import { until } from "../../os/programs.ts";
import { describeWith } from "../../parts/needs.ts";
import {
  answer,
  type ComposeBed,
  composeBed,
  failure,
  op,
  running,
  SECRET,
  SERVER,
  stackFile,
  started,
  value,
} from "./compose-bed.ts";

const withDocker = await describeWith("docker");
const limitMs = 120_000;
const env = { TAG: "v1" };

async function inspect(bed: ComposeBed, name: string, template: string): Promise<string> {
  return (await bed.docker.docker(["container", "inspect", "--format", template, name])).trim();
}

/** The user's own `docker compose up -d`. */
async function userUp(bed: ComposeBed, ...args: readonly string[]): Promise<void> {
  const argv = ["compose", "-f", "docker-compose.prod.yml", "up", "-d", ...args];
  const host = await bed.docker.host.run({
    argv: ["docker", ...argv],
    effect: "write",
    op: null,
    timeoutMs: 60_000,
    cwd: bed.folder,
    env,
  });
  if (!host.ok || host.value.exitCode !== 0) throw new Error(JSON.stringify(host));
}

withDocker("compose runtime: an instance beside the user's own stack", () => {
  test(
    "it has no fixed name, no published port and none of the names that others use; the user's containers stay as they are",
    async () => {
      const bed = await composeBed({
        web: '    container_name: NAME\n    ports: ["127.0.0.1::3000"]\n    labels: {traefik.enable: "true", team: "a$$b"}\n    networks: {default: {aliases: [backend]}}\n',
        services: "  redis:\n    image: redis:7\n",
      });
      const name = `${bed.docker.project}-fixed`;
      await bed.file(
        "docker-compose.prod.yml",
        stackFile(bed.docker.project, {
          web: `    container_name: ${name}\n    ports: ["127.0.0.1::3000"]\n    labels: {traefik.enable: "true", team: "a$$b"}\n    networks: {default: {aliases: [backend]}}\n`,
          services: "  redis:\n    image: redis:7\n    depends_on: [web]\n",
        }),
      );
      await userUp(bed);
      const startedAt = () =>
        Promise.all(
          [name, `${bed.docker.project}-redis-1`].map((one) => inspect(bed, one, "{{.State.StartedAt}}")),
        );
      const before = await startedAt();
      const { release, instance } = await started(bed);
      expect(await answer(instance.url)).toBe("v1 blue");
      const aliases = JSON.parse(await inspect(bed, instance.id, "{{json .NetworkSettings.Networks}}"));
      const names = Object.values(aliases as Record<string, { Aliases: string[] }>).flatMap(
        ({ Aliases }) => Aliases,
      );
      for (const theirs of ["web", "backend", name]) expect(names).not.toContain(theirs);
      expect(names).toContain(instance.id);
      expect(await inspect(bed, instance.id, "{{json .HostConfig.PortBindings}}")).toMatch(/^(\{\}|null)$/);
      const labels = JSON.parse(await inspect(bed, instance.id, "{{json .Config.Labels}}"));
      expect(labels).toMatchObject({
        team: "a$b",
        "lastgood.kind": "instance",
        "lastgood.app": "shop",
        "lastgood.service": "web",
        "lastgood.release": release.id,
        "lastgood.op": "op-start",
        "lastgood.epoch": "1",
      });
      expect(labels).not.toHaveProperty("traefik.enable");
      // What the edge needs to take its place is in the release.
      expect(release.services["web"]).toMatchObject({
        class: "app",
        routed: true,
        spec: {
          port: 3000,
          networks: [{ name: `${bed.docker.project}_default`, aliases: ["web", name, "backend"] }],
          routingLabels: { "traefik.enable": "true" },
        },
      });
      value(await bed.runtime.stop(op("stop"), instance, 5_000));
      expect(await startedAt()).toEqual(before);
    },
    limitMs,
  );

  test(
    "where nothing runs yet, networks, volumes and databases come first, made as Compose makes them; a database that exists is never touched",
    async () => {
      const bed = await composeBed({
        web: "    networks: [front]\n    volumes: ['uploads:/uploads']\n    depends_on: [redis]\n",
        services: "  redis:\n    image: redis:7\n    networks: [back]\n",
        rest: "networks: {front: {}, back: {}}\nvolumes: {uploads: {}}\n",
      });
      const { project } = bed.docker;
      const { release, instance } = await started(bed);
      expect(await answer(instance.url)).toBe("v1 blue");
      const redis = `${project}-redis-1`;
      const before = await inspect(bed, redis, "{{.State.StartedAt}} {{.Id}}");
      await bed.docker.docker(["stop", redis]);
      value(await bed.runtime.start(op("again"), "web", release));
      expect(await inspect(bed, redis, "{{.State.Running}}")).toBe("false");
      await bed.docker.docker(["start", redis]);
      // Of the user's own service nothing is left over, and Compose takes all for its own.
      const theirs = await bed.docker.docker([
        "ps",
        "--all",
        "--filter",
        `label=com.docker.compose.project=${project}`,
        "--format",
        "{{.Names}}",
      ]);
      expect(theirs.trim()).toBe(redis);
      await userUp(bed, "--no-recreate", "redis");
      expect((await inspect(bed, redis, "{{.State.StartedAt}} {{.Id}}")).split(" ")[1]).toBe(
        before.split(" ")[1],
      );
      await userUp(bed, "redis");
      expect(await inspect(bed, redis, "{{.Id}}")).toBe(before.split(" ")[1]);
    },
    limitMs,
  );

  test(
    "its own healthcheck counts before its first turn has come, and a failing one does not",
    async () => {
      const check = (path: string) =>
        `    healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1:3000${path}"], interval: 10m, retries: 1}\n`;
      const bed = await composeBed({ web: check("/") });
      await bed.file("docker-compose.prod.yml", stackFile(bed.docker.project, { web: check("/") }));
      const { release, instance } = await started(bed);
      expect(release.services["web"]?.health.path).toBeNull();
      await until(async () => value(await bed.runtime.instances("web"))[0]?.health === "healthy");
      expect(await inspect(bed, instance.id, "{{.State.Health.Status}}")).toBe("starting");
      await bed.file("docker-compose.prod.yml", stackFile(bed.docker.project, { web: check(":1/") }));
      const sick = value(await bed.runtime.start(op("sick"), "web", value(await bed.runtime.capture("v1"))));
      expect(sick.health).toBe("starting");
      expect(await answer(sick.url)).toBe("v1 blue");
      expect(value(await bed.runtime.instances("web")).find(({ id }) => id === sick.id)?.health).toBe(
        "starting",
      );
    },
    limitMs,
  );

  test(
    "a healthcheck with a secret in it is left to the engine: nobody sees it among the processes",
    async () => {
      const bed = await composeBed({
        web: '    healthcheck: {test: ["CMD", "wget", "-qO-", "http://127.0.0.1:3000/?$DB_PASSWORD"], interval: 10m}\n',
      });
      const asked: string[] = [];
      const host: Host = {
        name: "local",
        run: (command, signal) => {
          asked.push(command.argv.join(" "));
          return bed.docker.host.run(command, signal);
        },
      };
      const runtime = bed.with({}, host);
      const release = value(await runtime.capture("v1"));
      const instance = value(await runtime.start(op("start"), "web", release));
      expect(await answer(instance.url)).toBe("v1 blue");
      expect(value(await runtime.instances("web"))).toMatchObject([{ health: "starting" }]);
      expect(asked.length).toBeGreaterThan(5);
      expect(asked.filter((argv) => argv.includes(SECRET))).toEqual([]);
    },
    limitMs,
  );

  test(
    "several copies are one instance: it runs when all run, and stopping it stops all",
    async () => {
      const bed = await composeBed({ web: "    deploy: {replicas: 3}\n" });
      const { release, instance } = await started(bed);
      expect(instance).toMatchObject({ state: "running", health: "unsaid" });
      expect(await running(bed.docker, release.id)).toHaveLength(3);
      await bed.docker.docker(["kill", `${instance.id}-2`]);
      expect(value(await bed.runtime.instances("web"))).toMatchObject([
        { id: instance.id, state: "running", health: "unhealthy", url: null },
      ]);
      const again = value(await bed.runtime.start(op("start"), "web", release));
      expect(again).toMatchObject({ id: instance.id, state: "running", health: "unsaid" });
      expect(await running(bed.docker, release.id)).toHaveLength(3);
      value(await bed.runtime.stop(op("stop"), again, 5_000));
      expect(await running(bed.docker, release.id)).toEqual([]);
      expect(value(await bed.runtime.instances("web"))).toMatchObject([{ state: "exited" }]);
    },
    limitMs,
  );

  test(
    "a crash loop is not taken for running well, its last lines are shown without secrets, and stopping ends it for good",
    async () => {
      const bed = await composeBed({ web: "    restart: always\n" });
      const release = value(await bed.runtime.capture("v2"));
      const instance = value(await bed.runtime.start(op("start"), "web", release));
      await until(async () => Number(await inspect(bed, instance.id, "{{.RestartCount}}")) > 1);
      const seen = value(await bed.runtime.instances("web"));
      expect(seen).toHaveLength(1);
      expect([seen[0]?.state, seen[0]?.health]).not.toEqual(["running", "unsaid"]);
      expect(seen[0]?.lastLines).toContain("about to fail");
      expect(seen[0]?.lastLines.join()).toContain("no database with [secret]");
      expect(JSON.stringify(seen)).not.toContain(SECRET);
      value(await bed.runtime.stop(op("stop"), instance, 1_000));
      expect(await inspect(bed, instance.id, "{{.HostConfig.RestartPolicy.Name}} {{.State.Status}}")).toBe(
        "no exited",
      );
    },
    limitMs,
  );

  test(
    "what cannot be started at all says why, and leaves nothing that runs; trying again after mending works",
    async () => {
      const bed = await composeBed({ web: '    entrypoint: ["/no/such/program"]\n' });
      const broken = value(await bed.runtime.capture("v1"));
      const error = failure(await bed.runtime.start(op("start"), "web", broken));
      expect(error).toMatchObject({ code: "failed", what: expect.stringContaining("/no/such/program") });
      expect(failure(await bed.runtime.start(op("start"), "web", broken)).code).toBe("failed");
      expect(await running(bed.docker, broken.id)).toEqual([]);
      await bed.file("docker-compose.prod.yml", stackFile(bed.docker.project, {}));
      const mended = value(await bed.runtime.capture("v1"));
      expect(await answer(value(await bed.runtime.start(op("start"), "web", mended)).url)).toBe("v1 blue");
    },
    limitMs,
  );

  test(
    "a created container and a <hex>_name leftover of ours are removed exactly; those of others stay",
    async () => {
      const bed = await composeBed();
      const { release, instance } = await started(bed);
      await bed.docker.docker(["rm", "--force", instance.id]);
      const labels = [
        "kind=instance",
        "app=shop",
        `env=${bed.docker.project}`,
        "service=web",
        `release=${release.id}`,
        "op=op-start",
        "epoch=1",
        `instance=${instance.id}`,
        "copies=1",
        "port=3000",
      ].flatMap((label) => ["--label", `lastgood.${label}`]);
      const image = `${bed.docker.project}/web:v1`;
      await bed.docker.docker(["create", "--name", instance.id, ...labels, image]);
      await bed.docker.docker(["create", "--name", `0a1b2c3d4e5f_${instance.id}`, ...labels, image]);
      await bed.docker.docker(["create", "--name", `ffffffffffff_${instance.id}`, image]);
      expect(value(await bed.runtime.instances("web"))).toMatchObject([{ id: instance.id, state: "exited" }]);
      expect(value(await bed.runtime.start(op("start"), "web", release))).toMatchObject({
        id: instance.id,
        state: "running",
      });
      const names = (
        await bed.docker.docker(["ps", "--all", "--filter", `name=${instance.id}`, "--format", "{{.Names}}"])
      )
        .trim()
        .split("\n");
      expect(names.toSorted()).toEqual([`ffffffffffff_${instance.id}`, instance.id].toSorted());
    },
    limitMs,
  );

  test(
    "a worker has no address, and one that may run twice starts beside like an app",
    async () => {
      const bed = await composeBed({ services: "  jobs:\n    image: PROJECT/web:v1\n" });
      await bed.file(
        "docker-compose.prod.yml",
        stackFile(bed.docker.project, {
          services: `  jobs:\n    image: ${bed.docker.project}/web:v1\n    environment: {DB_PASSWORD: x}\n`,
        }),
      );
      const release = value(await bed.runtime.capture("v1"));
      expect(release.services["jobs"]).toMatchObject({ class: "worker", routed: false });
      const doubled = bed.with({
        services: { jobs: { class: null, port: null, health: null, double: true } },
      });
      expect(value(await doubled.capture("v1")).services["jobs"]).toMatchObject({
        class: "app",
        routed: false,
      });
      const job = value(await bed.runtime.start(op("start"), "jobs", release));
      expect(job).toMatchObject({ service: "jobs", url: null, state: "running" });
      expect(value(await bed.runtime.instances("web"))).toEqual([]);
    },
    limitMs,
  );

  test(
    "what ran before us becomes a release; its worker is an instance that is stopped when told and never removed",
    async () => {
      const bed = await composeBed();
      const { project } = bed.docker;
      const services = `  jobs:\n    image: ${project}/web:\${TAG}\n    restart: unless-stopped\n    environment: {VERSION: j}\n`;
      await bed.file("docker-compose.prod.yml", stackFile(project, { services }));
      await userUp(bed);
      const [web, jobs] = [`${project}-web-1`, `${project}-jobs-1`];
      const image = await inspect(bed, web, "{{.Image}}");
      // Its tag has moved since: the release is what runs.
      await bed.image("web", "v1", SERVER.replace("VERSION,", '"moved",'));
      const release = value(await bed.runtime.captureRunning("v1", { web: [web], jobs: [jobs] }));
      expect(release.services["web"]?.spec["image"]).toBe(image);
      value(await bed.runtime.captureRunning("v1", { web: [web], jobs: [jobs] }));
      expect(value(await bed.runtime.instances("web"))).toEqual([]);
      const [worker] = value(await bed.runtime.instances("jobs"));
      expect(worker).toMatchObject({ id: jobs, release: release.id, state: "running", url: null });
      if (worker === undefined) throw new Error("no worker");
      expect(failure(await bed.runtime.forget(op("forget"), release.id)).code).toBe("refused");
      value(await bed.runtime.stop(op("stop"), worker, 5_000));
      expect(value(await bed.runtime.instances("jobs"))).toMatchObject([{ id: jobs, state: "exited" }]);
      value(await bed.runtime.forget(op("forget"), release.id));
      expect(await inspect(bed, jobs, "{{.State.Status}} {{.HostConfig.RestartPolicy.Name}}")).toBe(
        "exited no",
      );
      expect(await inspect(bed, web, "{{.State.Status}}")).toBe("running");
      expect(failure(await bed.runtime.available(release)).code).toBe("missing");
    },
    limitMs,
  );
});
