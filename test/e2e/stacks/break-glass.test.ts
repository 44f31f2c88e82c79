// Break-glass on a whole stack with its edge: Lastgood and Node are gone, so is its state folder, and the bad release
// that serves dies again and again. The script that was written when the last good release became good brings it back.
import { execFile } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { untilHealthy } from "../../../src/demo/stack/until.ts";
import { tempFolder } from "../../os/temp-folder.ts";
import { bareBin } from "../../parts/bare-bin.ts";
import { laterOn, pause } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { layBed, ofStack, type StackBed } from "./bed.ts";

const limitMs = 240_000;
const withParts = await describeWith("docker", "nginx", "postgres");

function runScript(
  script: string,
  path: string,
  env: StackBed["env"],
): Promise<{ exit: number; out: string }> {
  const engine = Object.entries(env).map(([name, text]) => `${name}=${text}`);
  return new Promise((resolve) => {
    execFile("/usr/bin/env", ["-i", `PATH=${path}`, ...engine, "sh", script], (error, stdout, stderr) =>
      resolve({ exit: error === null ? 0 : Number(error.code), out: stdout + stderr }),
    );
  });
}

/** Its main process dies as soon as it is there, and the engine starts it again, as its own file says. */
function crashLoop(bed: StackBed, container: string): () => Promise<void> {
  let over = false;
  const loop = (async () => {
    while (!over) {
      const pid = await bed.docker
        .docker(["inspect", "--format", "{{.State.Pid}}", container])
        .then(Number, () => 0);
      if (pid > 0) kill(pid);
      await pause();
    }
  })();
  return async () => {
    over = true;
    await loop.catch(() => undefined);
  };
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // It died by itself meanwhile.
  }
}

withParts("break-glass of a stack with its edge", () => {
  const { later, end } = laterOn();
  let bed: StackBed;
  beforeAll(async () => {
    bed = await layBed("hibachi", later);
    await bed.watchFor("{ for: 6s, check: 500ms, tolerate: 4% }");
  }, limitMs);
  afterAll(end, limitMs);

  test(
    "the script alone brings last good back, by its own compose file's containers, and touches no store",
    async () => {
      const load = bed.load(50);
      const first = await bed.deploy("v1");
      expect(first.exit, first.out + first.err).toBe(0);
      await bed.stack.setVersion("v7");
      const good = await bed.lastgood("deploy", "v7", "--yes", "--json");
      expect(good.json()["what"], good.out + good.err).toBe("v7 is good.");
      await load.stop();
      const script = join(bed.stack.dir, "break-glass", "production.sh");
      expect(existsSync(script)).toBe(true);
      const redis = await bed.startedAt("redis");
      const out = await bed.deploy("v2");
      expect(out.exit, out.out + out.err).toBe(0);
      expect(await bed.answers()).toBe("v2");

      const bad = (await bed.containers(ofStack(bed), "status=running")).find(
        ({ kind, release }) => kind === "instance" && release.startsWith("v2-"),
      );
      if (!bad) throw new Error("v2 does not run");
      const calm = crashLoop(bed, bad.id);
      rmSync(join(bed.stack.dir, ".lastgood"), { recursive: true });
      const said = await runScript(script, bareBin(join(await tempFolder(), "bin")), bed.env);
      await calm();
      expect(said.exit, said.out).toBe(0);
      await untilHealthy(bed.stack.healthUrl);
      expect(await bed.answers()).toBe("v7");
      expect(await bed.startedAt("redis")).toBe(redis);
      const running = await bed.containers(ofStack(bed), "status=running");
      expect(running.filter(({ kind }) => kind === "edge" || kind === "instance")).toEqual([]);
    },
    limitMs,
  );
});
