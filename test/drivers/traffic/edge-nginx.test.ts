// What the edge is for: switches behind an nginx that is never told, under load, without one lost request.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { edgeTraffic } from "../../../src/drivers/traffic/edge/edge.ts";
import { afterTest } from "../../parts/bed.ts";
import { privateDocker } from "../../parts/docker.ts";
import { describeWith } from "../../parts/needs.ts";
import { ask, until, value } from "../../proxy/bed.ts";
import { users } from "../adopt/load.ts";
import { nginxConf } from "../adopt/stack.ts";
import { appCode, type EdgeBed, edgeBed, routeTo } from "./edge-bed.ts";

const withDocker = await describeWith("docker");
const switches = 12;

async function nginxBefore(bed: EdgeBed): Promise<string> {
  const folder = bed.folder();
  mkdirSync(join(folder, "nginx"));
  writeFileSync(join(folder, "nginx/nginx.conf"), nginxConf(["api"]));
  const name = `${bed.project}-nginx`;
  await bed.docker(
    ...[
      "run",
      "--detach",
      "--name",
      name,
      "--label",
      `lastgood.test=${bed.project}`,
      "--network",
      bed.network,
    ],
    ...[
      "--restart",
      "always",
      "--volume",
      `${join(folder, "nginx/nginx.conf")}:/etc/nginx/nginx.conf:ro`,
      "nginx:1.22",
    ],
  );
  return name;
}

async function urlOf(bed: EdgeBed, name: string): Promise<string> {
  const format = `{{(index .NetworkSettings.Networks "${bed.network}").IPAddress}}`;
  return `http://${await bed.docker("inspect", "--format", format, name)}`;
}

withDocker("nginx before an edge", () => {
  test(`${switches} switches under load through nginx lose no request and cut no websocket`, {
    timeout: 240_000,
  }, async () => {
    const bed = await edgeBed(afterTest);
    const [v1, v2] = [await bed.backend("v1"), await bed.backend("v2")];
    const config = bed.config({ networks: [{ name: bed.network, aliases: ["api"], ip: null }] });
    const edge = edgeTraffic(config, bed.deps);
    value(await edge.ensure());
    await routeTo(edge, v1);
    const url = await urlOf(bed, await nginxBefore(bed));
    await until(async () => (await ask(url).catch(() => null))?.status === 200);
    const behind = edgeTraffic({ ...config, publicUrl: url }, bed.deps);
    expect(value(await behind.whoAnswers("/", 5_000))).toEqual({ release: v1.release, status: 200 });
    const load = await users(url, 50);
    for (let turn = 1; turn <= switches; turn += 1) {
      const to = turn % 2 === 1 ? v2 : v1;
      await routeTo(edge, to);
      expect((await ask(url)).headers["x-lastgood-release"]).toBe(to.release);
      const at = load.answered();
      await until(() => load.answered() > at + 200);
    }
    const echoes = load.echoes();
    await until(() => load.echoes() > echoes);
    await load.stop();
    console.log(`${switches} switches: ${load.answered()} answers, ${load.lost().length} lost`);
    expect(load.lost()).toEqual([]);
    expect(load.releases().toSorted()).toEqual([v1.release, v2.release]);
  });

  test("after kill -9 of the engine edge and nginx come back by themselves, with the route", {
    timeout: 300_000,
  }, async () => {
    const bed = await edgeBed(afterTest, {
      bed: await privateDocker(["lastgood-test/base:1", "nginx:1.22"]),
    });
    const { engine } = bed.bed as Awaited<ReturnType<typeof privateDocker>>;
    const v1 = await bed.program("v1", appCode, ["--restart", "always"]);
    const backend = { release: "v1-release", instance: v1, url: `http://${v1}:3000` };
    const config = bed.config({ networks: [{ name: bed.network, aliases: ["api"], ip: null }] });
    const edge = edgeTraffic(config, bed.deps);
    value(await edge.ensure());
    const state = await routeTo(edge, backend);
    const nginx = await nginxBefore(bed);
    const url = await urlOf(bed, nginx);
    await until(async () => (await ask(url).catch(() => null))?.status === 200);
    const daemon = await engine.process();
    if (daemon === null) throw new Error("the engine does not run");
    process.kill(daemon.pid, "SIGKILL");
    await engine.startAgain();
    await until(async () => (await edge.now()).ok);
    value(await edge.ensure());
    expect(value(await edge.now())).toEqual(state);
    await until(async () => (await ask(await urlOf(bed, nginx)).catch(() => null))?.body === "v1\n");
    expect(value(await edge.whoAnswers("/", 5_000)).release).toBe("v1-release");
  });
});
