import { expect, test } from "vitest";
import type { Release } from "../../../src/core/release.ts";
import { ok, problem } from "../../../src/core/result.ts";
import { type AdoptDeps, type Adoptee, adopt, adoptionPlans } from "../../../src/drivers/adopt/adopt.ts";
import { stackAdoption } from "../../../src/drivers/adopt/adoption.ts";
import { leave } from "../../../src/drivers/adopt/leave.ts";
import { startOwnService } from "../../../src/drivers/adopt/start-own.ts";
import { imageTag } from "../../../src/drivers/docker/names.ts";
import type { StackFiles } from "../../../src/drivers/docker/stack-files.ts";
import { edgeTraffic } from "../../../src/drivers/traffic/edge/edge.ts";
import type { Op } from "../../../src/ports/op.ts";
import { afterTest } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { ask, op, until, value } from "../../proxy/bed.ts";
import { appCode, routeTo } from "../traffic/edge-bed.ts";
import { users } from "./load.ts";
import { type Stack, smallStack } from "./stack.ts";

const withDocker = await describeWith("docker");
/** Of nginx: one when it is led to the edge, one when it is led back. */
const reloads = 2;

function adoptee(stack: Stack, hostPort: number | null): Adoptee {
  const { bed } = stack;
  const config = bed.config({
    service: "api",
    networks: [{ name: bed.network, aliases: ["api", `${bed.project}-api`], ip: null }],
    published: hostPort === null ? [] : [{ hostIp: "127.0.0.1", hostPort }],
  });
  return { config, edge: edgeTraffic(config, bed.deps), healthPath: "/", graceMs: 3_000 };
}

function depsOf(stack: Stack, said: string[] = []): AdoptDeps {
  return {
    ...stack.bed.deps,
    folder: stack.bed.folder(),
    drainMs: 2_000,
    say: (line) => void said.push(line),
  };
}

/** Our own instance of what theirs runs, in their network. */
async function twin(stack: Stack, name: string) {
  const container = await stack.bed.program(name, appCode);
  return { release: `${name}-release`, instance: container, url: `http://${container}:3000` };
}

withDocker("a stack that runs already", () => {
  test("comes behind an edge without a bad answer, follows switches, and goes back to its own compose file", {
    timeout: 180_000,
  }, async () => {
    const stack = await smallStack(afterTest, null);
    const { bed } = stack;
    const url = await stack.nginxUrl();
    const one = adoptee(stack, null);
    const deps = depsOf(stack);
    const [plan] = value(await adoptionPlans(deps, [one]));
    expect(plan?.handover).toEqual([]);
    expect(plan?.says.join("\n")).toContain("nginx");

    value(await one.edge.ensure());
    const same = await twin(stack, "same");
    await routeTo(one.edge, same);
    const connections = 20;
    const load = await users(url, connections);
    await until(() => load.answered() > 200);
    const nginx = `${bed.project}-nginx-1`;
    for (let bare = 0; bare < reloads; bare += 1) {
      await bed.docker("exec", nginx, "nginx", "-s", "reload");
      const at = load.answered();
      await until(() => load.answered() > at + 300);
    }
    const bareResets = load.lost().length;
    const done = value(await adopt(deps, op("adopt"), [one]));
    expect(done.gapMs).toEqual({});
    expect(done.proofs).toHaveLength(1);
    expect((await ask(url)).headers["x-lastgood-release"]).toBe("same-release");
    expect(load.releases()).toEqual(["same-release"]);
    // It is theirs no longer, keeps its files, and no engine brings it back.
    const kept = `lastgood-kept-${bed.project}-api-1`;
    expect(
      await bed.docker("inspect", "--format", "{{.State.Status}} {{.HostConfig.RestartPolicy.Name}}", kept),
    ).toBe("exited no");
    expect(await bed.docker("exec", `${bed.project}-nginx-1`, "cat", "/etc/hosts")).not.toContain("lastgood");

    const next = await twin(stack, "next");
    await routeTo(one.edge, next);
    await until(() => load.releases().includes("next-release"));
    // Said again after a crash: nothing is left to do, and nothing is done twice.
    value(await adopt(deps, op("adopt"), [one]));
    value(await leave({ ...deps, startOwn: null }, op("leave"), [one]));
    const answer = await ask(url);
    expect([answer.body, answer.headers["x-lastgood-release"]]).toEqual(["theirs\n", undefined]);
    const at = load.answered();
    await until(() => load.answered() > at + 100);
    await load.stop();
    // Each reload of nginx may reset a connection that was idle at that moment, once. Nothing else may be lost.
    const lost = load.lost();
    const ours = lost.length - bareResets;
    console.log(
      `adopt and leave: ${load.answered()} answers; idle connections reset: ${ours} by our ${reloads} reloads, ${bareResets} by ${reloads} bare ones`,
    );
    expect(lost.filter(({ kind, what }) => kind !== "reset" || !what.startsWith("reused"))).toEqual([]);
    expect(ours).toBeLessThanOrEqual(reloads * connections);
    expect(
      await bed.docker(
        "inspect",
        "--format",
        "{{.State.Status}} {{.HostConfig.RestartPolicy.Name}}",
        `${bed.project}-api`,
      ),
    ).toBe("running always");
    expect(await bed.docker("ps", "--all", "--quiet", "--filter", `name=lastgood-${bed.project}-edge`)).toBe(
      "",
    );
    expect(await stack.compose("up", "--detach", "--dry-run")).not.toContain("Recreate");
  });

  test("hands its published port over within a moment, which is measured, and takes it back", {
    timeout: 180_000,
  }, async () => {
    const hostPort = 20_000 + Math.floor(Math.random() * 9_000);
    const stack = await smallStack(afterTest, `127.0.0.1:${hostPort}:3000`);
    const one = adoptee(stack, hostPort);
    const said: string[] = [];
    const deps = depsOf(stack, said);
    const [plan] = value(await adoptionPlans(deps, [one]));
    expect(plan?.handover).toEqual([`port 127.0.0.1:${hostPort}`]);
    value(await one.edge.ensure());
    await routeTo(one.edge, await twin(stack, "same"));
    const done = value(await adopt(deps, op("adopt"), [one]));
    const gapMs = done.gapMs[String(hostPort)] ?? -1;
    expect(gapMs).toBeGreaterThan(0);
    expect((await ask(`http://127.0.0.1:${hostPort}/`)).headers["x-lastgood-release"]).toBe("same-release");
    const left = value(await leave({ ...deps, startOwn: null }, op("leave"), [one]));
    expect((await ask(`http://127.0.0.1:${hostPort}/`)).body).toBe("theirs\n");
    console.log(
      `port: no answer for ${Math.round(gapMs)} ms at the adoption, ${Math.round(left.gapMs[String(hostPort)] ?? -1)} ms when leaving`,
    );
  });

  test("a port that nobody has after a crash is still to be taken over, and is", {
    timeout: 180_000,
  }, async () => {
    const hostPort = 20_000 + Math.floor(Math.random() * 9_000);
    const stack = await smallStack(afterTest, `127.0.0.1:${hostPort}:3000`);
    const one = adoptee(stack, hostPort);
    value(await one.edge.ensure());
    await routeTo(one.edge, await twin(stack, "same"));
    const spec = {
      class: "app",
      routed: true,
      health: { path: "/", timeoutMs: 1, intervalMs: 1 },
      stopGraceMs: 1,
      spec: {},
    };
    const release = { id: "as-found", version: "as-found", digest: "0", services: { api: spec } } as Release;
    const folderOnce = depsOf(stack);
    const adoptionWith = (edge: typeof one.edge) =>
      stackAdoption({
        ...folderOnce,
        startOwn: null,
        project: stack.bed.project,
        isOurs: (service) => service === "api",
        adoptee: async () => ok({ ...one, edge }),
        capture: async () => ok(release),
      });
    // The controller dies after the old container let go and before the edge takes.
    const dying = adoptionWith({
      ...one.edge,
      join: async () => problem("cancelled", "the controller died", "start it"),
    });
    const whole = adoptionWith(one.edge);
    expect(value(await whole.foreign(null))?.services).toEqual(["api"]);
    expect((await dying.takeOver(op("adopt"), release)).ok).toBe(false);
    await expect(ask(`http://127.0.0.1:${hostPort}/`)).rejects.toThrow();
    expect(value(await whole.foreign(release))?.services).toEqual(["api"]);
    value(await whole.takeOver(op("adopt"), release));
    expect((await ask(`http://127.0.0.1:${hostPort}/`)).headers["x-lastgood-release"]).toBe("same-release");
    expect(value(await whole.foreign(release))).toBeNull();
    // The same on the way back.
    const stuck = adoptionWith({
      ...one.edge,
      shutDown: async () => problem("cancelled", "the controller died", "start it"),
    });
    expect((await stuck.giveBack(op("leave"), release)).ok).toBe(false);
    expect(value(await whole.foreign(release))).toBeNull();
    value(await whole.giveBack(op("leave"), release));
    expect(value(await whole.foreign(release))?.services).toEqual(["api"]);
    expect((await ask(`http://127.0.0.1:${hostPort}/`)).body).toBe("theirs\n");
  });

  test("goes back to its own compose file with the image that serves, when another had been deployed", {
    timeout: 180_000,
  }, async () => {
    const stack = await smallStack(afterTest, null);
    const { bed } = stack;
    const one = adoptee(stack, null);
    const deps = depsOf(stack);
    value(await one.edge.ensure());
    await routeTo(one.edge, await twin(stack, "same"));
    value(await adopt(deps, op("adopt"), [one]));
    // What serves now has an image of its own, which Lastgood pinned under this name.
    const release = { id: "v2-1234", version: "v2", digest: "0", services: {} } satisfies Release;
    const name = `${bed.project}-app:latest`;
    await bed.docker(
      "build",
      "--quiet",
      "--tag",
      imageTag(bed.project, "api", release.id),
      stack.buildContext("v2"),
    );
    const files: StackFiles = {
      ...{ folder: stack.folder, files: ["docker-compose.yml"], envFiles: [], profiles: [] },
      ...{ project: bed.project, versionVariable: null, blank: [] },
    };
    const startOwn = (by: Op, service: string) =>
      startOwnService(bed.deps.docker, by, files, release, service, (text) => text);
    value(await leave({ ...deps, startOwn }, op("leave"), [one]));
    const own = `${bed.project}-api`;
    const imageOf = (what: string, format: string) => bed.docker("inspect", "--format", format, what);
    expect(await imageOf(own, "{{.Image}}")).toBe(
      await imageOf(imageTag(bed.project, "api", release.id), "{{.Id}}"),
    );
    expect(await imageOf(own, "{{.Config.Image}} {{.HostConfig.RestartPolicy.Name}}")).toBe(`${name} always`);
    expect((await ask(await stack.nginxUrl())).body).toBe("theirs\n");
    expect(
      await bed.docker(
        "ps",
        "--all",
        "--format",
        "{{.Names}}",
        "--filter",
        `name=lastgood-kept-${bed.project}`,
      ),
    ).toBe("");
  });

  test("is left alone where the edge has no instance yet", { timeout: 120_000 }, async () => {
    const stack = await smallStack(afterTest, null);
    const one = adoptee(stack, null);
    value(await one.edge.ensure());
    const refused = await adopt(depsOf(stack), op("adopt"), [one]);
    expect(refused.ok ? "" : refused.error.code).toBe("refused");
    expect((await ask(await stack.nginxUrl())).body).toBe("theirs\n");
  });
});
