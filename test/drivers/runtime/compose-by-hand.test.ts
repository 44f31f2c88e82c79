// Break-glass on a real engine: the state folder is gone, the edge cannot be told anything, the bad release crash-loops,
// an nginx of the stack remembers the edge's address. The script alone puts the user's own containers back.
import { execFile } from "node:child_process";
import { readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { refreshBreakGlass } from "../../../src/app/break-glass.ts";
import type { Release } from "../../../src/core/release.ts";
import { ok } from "../../../src/core/result.ts";
import { composeByHand } from "../../../src/drivers/runtime/compose/by-hand.ts";
import { localFiles } from "../../../src/os/files.ts";
import type { Parts } from "../../../src/ports/parts.ts";
import { fakeApp } from "../../app/fake-app.ts";
import { tempFolder } from "../../os/temp-folder.ts";
import { bareBin } from "../../parts/bare-bin.ts";
import { freePort } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { answer, type ComposeBed, CRASH, composeBed, SECRET, value } from "./compose-bed.ts";

const withDocker = await describeWith("docker");
const noParts: Parts = {
  list: async () => ok([]),
  logs: async () => ok({ lines: [], next: "" }),
  restart: async () => ok(undefined),
};

/** Written as the product writes it, from a journal in memory where this release is last good. */
async function writeScript(bed: ComposeBed, release: Release): Promise<string> {
  const folder = join(await tempFolder(), "break-glass");
  const driver = composeByHand(
    {
      app: "shop",
      env: bed.docker.project,
      dockerEnv: {},
      stateDir: bed.stateDir,
      journal: join(bed.stateDir, "journal.db"),
      front: async () => ["proxy"],
    },
    { files: localFiles() },
  );
  const fake = fakeApp();
  const app = {
    ...fake.app,
    care: () => ({ parts: noParts, glass: { driver, folder, files: localFiles() } }),
  };
  app.deps.ledger.record([
    { type: "release.made", data: { env: "production", release } },
    { type: "release.became-good", data: { env: "production", release: release.id, why: "test" } },
  ]);
  const [site] = app.sites.values();
  if (!site) throw new Error("no site");
  value(await refreshBreakGlass(app, site));
  return join(folder, "production.sh");
}

function runScript(script: string, path: string, bed: ComposeBed): Promise<{ exit: number; out: string }> {
  const engine = Object.entries(bed.docker.env).filter(([name]) => name !== "PATH");
  const args = ["-i", `PATH=${path}`, ...engine.map(([name, text]) => `${name}=${text}`), "sh", script];
  return new Promise((resolve) => {
    execFile("/usr/bin/env", args, (error, stdout, stderr) =>
      resolve({ exit: error === null ? 0 : Number(error.code), out: stdout + stderr }),
    );
  });
}

/** What our edge is to everybody else: a container with the service's name and port. This one answers nobody well. */
async function standInEdge({ docker }: ComposeBed, port: number): Promise<void> {
  const { project } = docker;
  const labels = ["kind=edge", "app=shop", `env=${project}`, "service=web"].flatMap((each) => [
    "--label",
    `lastgood.${each}`,
  ]);
  const program = `require("node:http").createServer((_, a) => { a.statusCode = 503; a.end("edge"); }).listen(3000)`;
  await docker.docker([
    ...["run", "--detach", "--name", `lastgood-${project}-edge-web`, "--restart", "always", ...labels],
    ...["--network", `${project}_default`, "--network-alias", "web", "--publish", `127.0.0.1:${port}:3000`],
    ...["lastgood-test/base:1", "node", "-e", program],
  ]);
}

async function crashLoop({ docker }: ComposeBed): Promise<void> {
  const { project } = docker;
  const labels = ["kind=instance", "app=shop", `env=${project}`, "service=web", "release=v2-bad"];
  await docker.docker([
    ...["run", "--detach", "--name", `${project}-web-bad`, "--restart", "always"],
    ...labels.flatMap((each) => ["--label", `lastgood.${each}`]),
    ...["--network", `${project}_default`, "lastgood-test/base:1", "node", "-e", CRASH],
  ]);
}

const proxyService = (port: number) => `  proxy:
    image: nginx:1.22
    ports: ["127.0.0.1:${port}:80"]
    volumes: ["./nginx.conf:/etc/nginx/nginx.conf:ro"]
  cache:
    image: redis:7
`;
const nginxConf = `user root root;
events {}
http { access_log off; upstream web { server web:3000; } server { listen 80; location / { proxy_pass http://web; } } }
`;

withDocker("break-glass of a compose stack", () => {
  test("it puts the user's own containers back, with names, ports and images, and touches no database", async () => {
    const [published, front] = [await freePort(), await freePort()];
    const bed = await composeBed({
      web: `    ports: ["127.0.0.1:${published}:3000"]\n    restart: unless-stopped\n`,
      services: proxyService(front),
    });
    const { docker } = bed;
    await bed.file("nginx.conf", nginxConf);
    const release = value(await bed.runtime.capture("v1"));
    const script = await writeScript(bed, release);
    value(await bed.runtime.start(bed.op("warm", 1), "web", release));
    await standInEdge(bed, published);
    await crashLoop(bed);
    const up = (name: string) =>
      docker.docker([
        "compose",
        "-p",
        docker.project,
        "-f",
        join(bed.folder, "docker-compose.prod.yml"),
        "up",
        "-d",
        "--no-deps",
        name,
      ]);
    await up("cache");
    await up("proxy");
    await expect.poll(() => answer(`http://127.0.0.1:${front}/`), { timeout: 30_000 }).toBe("edge");
    const startOf = (name: string) =>
      docker.docker(["inspect", "-f", "{{.State.StartedAt}}", `${docker.project}-${name}-1`]);
    const cacheStarted = await startOf("cache");
    rmSync(bed.stateDir, { recursive: true, force: true });

    const ended = await runScript(script, bareBin(join(await tempFolder(), "bin")), bed);

    expect(ended.exit, ended.out).toBe(0);
    expect(await answer(`http://127.0.0.1:${front}/`)).toBe("v1 blue");
    expect(await answer(`http://127.0.0.1:${published}/`)).toBe("v1 blue");
    expect(await startOf("cache")).toBe(cacheStarted);
    const filter = ["--filter", "label=lastgood.kind", "--filter", `label=lastgood.env=${docker.project}`];
    expect(await docker.docker(["ps", "-a", "-q", ...filter])).toBe("");
    expect(readFileSync(script, "utf8")).not.toContain(SECRET);
    expect(ended.out).not.toContain(SECRET);
    const again = await runScript(script, bareBin(join(await tempFolder(), "bin")), bed);
    expect(again.exit, again.out).toBe(0);
    expect(await answer(`http://127.0.0.1:${front}/`)).toBe("v1 blue");
  }, 180_000);

  test("where the image is gone it stops before anything is changed", async () => {
    const bed = await composeBed();
    const release = value(await bed.runtime.capture("v1"));
    const script = await writeScript(bed, release);
    value(await bed.runtime.start(bed.op("warm", 1), "web", release));
    expect(statSync(join(script, "..", "production", release.id, "web", "compose.json")).mode & 0o777).toBe(
      0o600,
    );
    const tags = (await bed.docker.docker(["images", "--format", "{{.Repository}}:{{.Tag}}"])).split("\n");
    const ours = tags.filter((tag) => tag.startsWith(`lastgood/${bed.docker.project}`));
    expect(ours.length).toBe(1);
    await bed.docker.docker(["rmi", "--no-prune", ...ours]);
    const ended = await runScript(script, bareBin(join(await tempFolder(), "bin")), bed);
    expect(ended.exit).toBe(1);
    expect(ended.out).toContain("step 2 failed");
    expect(await bed.aliveCount(release.id)).toBe(1);
  }, 120_000);
});
