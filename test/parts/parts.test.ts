// The beds themselves: each really is what it says, and is gone at the end.
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createConnection } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { run, tryRun } from "../../scripts/parts/run.ts";
import { localProcesses } from "../../src/os/processes.ts";
import type { Later } from "./bed.ts";
import { laterOn, pause } from "./bed.ts";
import { chromium } from "./chromium.ts";
import { docker, privateDocker } from "./docker.ts";
import { haproxyBed } from "./haproxy.ts";
import { describeWith, has } from "./needs.ts";
import { nginxBed } from "./nginx.ts";
import { postgresBed } from "./postgres.ts";
import { redisBed } from "./redis.ts";
import { sshdBed } from "./sshd.ts";

const slowMs = 120_000;

test("a part that nobody knows is a mistake in the test, not a skipped test", async () => {
  await expect(has("dokcer")).rejects.toThrow("is no part");
});

(await describeWith("nginx"))("nginx", () => {
  test("answers on its port, says whether its configuration is right, reloads", async () => {
    const bed = await nginxBed(({ port }) => `server { listen 127.0.0.1:${port}; return 200 "one"; }`);
    expect(await (await fetch(`http://127.0.0.1:${bed.port}/`)).text()).toBe("one");
    expect(await bed.test()).toBeNull();
    await writeFile(join(bed.confFolder, "more.conf"), "server { nonsense; }");
    expect(await bed.test()).toContain("nonsense");
  });

  test("is gone at the end, with its folder", async () => {
    const { later, end } = laterOn();
    const bed = await nginxBed(({ port }) => `server { listen 127.0.0.1:${port}; }`, later);
    expect(bed.alive()).toBe(true);
    await end();
    expect(bed.alive()).toBe(false);
    expect(existsSync(bed.folder)).toBe(false);
  });
});

(await describeWith("haproxy"))("haproxy", () => {
  test("answers on its runtime socket", async () => {
    const bed = await haproxyBed(
      ({ port }) => `frontend web\n  bind 127.0.0.1:${port}\n  http-request return status 204`,
    );
    const socket = createConnection(bed.socket);
    socket.end("show info\n");
    expect(await text(socket)).toContain("Name: HAProxy");
    expect((await fetch(`http://127.0.0.1:${bed.port}/`)).status).toBe(204);
  });
});

(await describeWith("redis"))("redis", () => {
  test("wants its password and keeps values", async () => {
    const bed = await redisBed({ password: "let-me-in" });
    expect(await bed.cli("set", "a", "1")).toBe("OK");
    expect(await bed.cli("get", "a")).toBe("1");
    expect((await run(["redis-cli", "-p", String(bed.port), "get", "a"])).trim()).toContain("NOAUTH");
  });
});

(await describeWith("postgres"))("postgres", () => {
  test("takes SQL, keeps it over a restart, and ends at once with clients on it", {
    timeout: slowMs,
  }, async () => {
    const bed = await postgresBed({ wal_level: "logical" });
    expect(await bed.psql("show wal_level")).toBe("logical");
    await bed.psql("create table t (a int); insert into t values (42)");
    await bed.stop();
    await bed.startAgain();
    expect(await bed.psql("select a from t")).toBe("42");
    const wrong = await tryRun([
      join(bed.programs, "psql"),
      bed.url.replace(bed.password, "wrong"),
      "-c",
      "select 1",
    ]);
    expect(wrong?.stderr).toContain("password authentication failed");
  });
});

(await describeWith("sshd"))("sshd", () => {
  test("lets its key in, and has its sessions killed", async () => {
    const bed = await sshdBed();
    await writeFile(join(bed.folder, "known"), bed.knownHosts);
    const options = ["BatchMode=yes", `UserKnownHostsFile=${bed.folder}/known`, "StrictHostKeyChecking=yes"];
    const ssh = [
      "ssh",
      "-F",
      "none",
      "-i",
      bed.identityFile,
      "-p",
      String(bed.port),
      ...options.flatMap((o) => ["-o", o]),
    ];
    const to = ["env", ...ssh, `${bed.user}@${bed.host}`] as const;
    expect(await run([...to, "echo", "hello"])).toBe("hello\n");
    const hanging = tryRun([...to, `touch ${bed.folder}/begun; exec sleep 20`]);
    while (!existsSync(join(bed.folder, "begun"))) await pause();
    expect(await bed.killSessions()).toBeGreaterThan(0);
    expect((await hanging)?.exitCode).toBe(255);
    await bed.changeHostKey();
    expect((await tryRun([...to, "true"]))?.stderr).toContain("REMOTE HOST IDENTIFICATION HAS CHANGED");
  });
});

(await describeWith("chromium"))("chromium", () => {
  test("says its version", async () => {
    const { executablePath, args } = await chromium();
    expect(await run([executablePath, ...args, "--version"])).toMatch(/Chromium \d+/);
  });
});

(await describeWith("docker"))("docker", () => {
  test("runs a container, and all of a project is gone at the end", { timeout: slowMs }, async () => {
    const { later, end } = laterOn();
    const bed = await docker(later as Later);
    expect(await bed.docker(["run", "--rm", "lastgood-test/node:24", "node", "-p", "6*7"])).toBe("42\n");
    await bed.docker(["run", "-d", "--name", `${bed.project}-x`, "-v", `${bed.project}-v:/v`, "redis:7"]);
    await bed.docker(["run", "-d", "--label", `lastgood.test=${bed.project}`, "nginx:1.22"]);
    await bed.docker(["tag", "redis:7", `${bed.project}/mine:1`]);
    expect((await all(bed.project, bed.docker)).length).toBe(4);
    await end();
    expect(await all(bed.project, bed.docker)).toEqual([]);
  });

  test("images are used like the official ones", { timeout: slowMs }, async () => {
    const bed = await docker();
    const start = async (name: string, ...more: readonly string[]) => {
      await bed.docker(["run", "-d", "--name", `${bed.project}-${name}`, ...more]);
      return (...args: readonly string[]) => bed.tryDocker(["exec", `${bed.project}-${name}`, ...args]);
    };
    const variables = ["POSTGRES_USER=u", "POSTGRES_PASSWORD=p", "POSTGRES_DB=d"].flatMap((each) => [
      "-e",
      each,
    ]);
    const postgres = await start("postgres", ...variables, "postgres:15");
    const redis = await start(
      "redis",
      "redis:7",
      "redis-server",
      "--requirepass",
      "p",
      "--appendonly",
      "yes",
    );
    const nginx = await start("nginx", "nginx:1.22");
    while ((await postgres("pg_isready", "-h", "127.0.0.1", "-U", "u", "-d", "d")).exitCode !== 0)
      await pause(200);
    const asked = await postgres(
      "psql",
      "-U",
      "u",
      "-d",
      "d",
      "-Atc",
      "select current_database(), current_user",
    );
    expect(asked.stdout).toBe("d|u\n");
    expect((await redis("redis-cli", "-a", "p", "ping")).stdout).toBe("PONG\n");
    expect((await redis("redis-cli", "ping")).stdout).toContain("NOAUTH");
    expect((await nginx("wget", "-qO-", "http://127.0.0.1/")).stdout).toContain("Welcome to nginx");
    expect((await nginx("nginx", "-t")).exitCode).toBe(0);
    expect((await nginx("nginx", "-s", "reload")).exitCode).toBe(0);
    expect(await bed.docker(["logs", `${bed.project}-nginx`])).toContain("GET / HTTP/1.1");
  });

  test("compose works with every docker client that is here", { timeout: slowMs }, async () => {
    const bed = await docker();
    for (const client of ["/usr/bin/docker", "/usr/local/bin/docker"].filter((path) => existsSync(path)))
      expect(await run([client, "compose", "version"], { env: bed.env })).toMatch(/version v?2\./);
  });

  test("a private engine can be killed and comes back with its containers", { timeout: slowMs }, async () => {
    const bed = await privateDocker();
    await bed.docker([
      "run",
      "-d",
      "--restart",
      "always",
      "--name",
      "long",
      "node:24-alpine",
      "sleep",
      "1000",
    ]);
    const ref = await bed.engine.process();
    if (ref === null) throw new Error("no process");
    const processes = localProcesses();
    processes.signal(ref, "SIGKILL");
    while (processes.alive(ref)) await pause();
    expect((await bed.tryDocker(["ps"])).exitCode).not.toBe(0);
    await bed.engine.startAgain();
    while (!(await bed.docker(["ps"])).includes("long")) await pause();
  });
});

async function all(project: string, docker: (args: readonly string[]) => Promise<string>) {
  const lists = [
    ["ps", "-a", "--format", "{{.Names}}", "--filter", `name=${project}`],
    ["ps", "-a", "--format", "{{.Names}}", "--filter", `label=lastgood.test=${project}`],
    ["volume", "ls", "-q", "--filter", `name=${project}`],
    ["images", "--format", "{{.Repository}}", `${project}/mine`],
  ];
  const found = await Promise.all(lists.map(docker));
  return found.flatMap((lines) => lines.split("\n")).filter((line) => line !== "");
}
