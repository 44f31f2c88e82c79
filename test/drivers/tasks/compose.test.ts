// A command that runs once in a release's image and environment, on a real engine.
import { expect, test } from "vitest";
import type { Release } from "../../../src/core/release.ts";
import { composeTasks } from "../../../src/drivers/tasks/compose.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localFiles } from "../../../src/os/files.ts";
import type { Host } from "../../../src/ports/host.ts";
import type { Task, Tasks } from "../../../src/ports/tasks.ts";
import { until } from "../../os/programs.ts";
import { describeWith } from "../../parts/needs.ts";
import { type ComposeBed, composeBed, failure, op, SECRET, value } from "../runtime/compose-bed.ts";

const withDocker = await describeWith("docker");
const limitMs = 120_000;

/** Each run leaves a line in a volume, so that runs can be counted by other means than the driver's own. */
async function taskBed(): Promise<{
  bed: ComposeBed;
  release: Release;
  tasks: Tasks;
  again: (host?: Host) => Tasks;
  runs: () => Promise<number>;
}> {
  const bed = await composeBed({
    web: '    entrypoint: ["node", "-e"]\n    command: ["setInterval(() => {}, 1000)"]\n    volumes: ["runs:/runs"]\n    restart: always\n',
    rest: "volumes: {runs: {}}\n",
  });
  const release = value(await bed.runtime.capture("v1"));
  const again = (host: Host = bed.docker.host) =>
    composeTasks(bed.config, { host, files: localFiles(), clock: systemClock() });
  const runs = async () => {
    const volume = `${bed.docker.project}_runs:/runs`;
    const image = `${bed.docker.project}/web:v1`;
    const listed = await bed.docker.tryDocker([
      "run",
      "--rm",
      "--volume",
      volume,
      "--entrypoint",
      "/bin/cat",
      image,
      "/runs/log",
    ]);
    return listed.stdout.split("\n").filter((line) => line !== "").length;
  };
  return { bed, release, tasks: again(), again, runs };
}

const note = 'require("node:fs").appendFileSync("/runs/log", process.env.VERSION + "\\n");';
const task = (program: string, timeoutMs = 60_000): Task => ({
  service: "web",
  argv: [note + program],
  timeoutMs,
});

withDocker("compose tasks", () => {
  test(
    "it runs in the release's image and environment, ends with its own exit code, and never twice for one op",
    async () => {
      const { release, tasks, again, runs } = await taskBed();
      expect(value(await tasks.state("op-migrate"))).toEqual({ is: "absent" });
      const good = task('console.log("migrated", process.env.VERSION, "$HOME", process.env.DB_PASSWORD)');
      const ended = { is: "ended", exitCode: 0, lastLines: ["migrated v1 $HOME [secret]"] };
      expect(value(await tasks.run(op("migrate"), release, good))).toEqual(ended);
      expect(value(await tasks.run(op("migrate"), release, good))).toEqual(ended);
      expect(value(await again().run(op("migrate", 2), release, good))).toEqual(ended);
      expect(value(await again().state("op-migrate"))).toEqual(ended);
      expect(await runs()).toBe(1);
      const bad = task('console.error("no column"); process.exit(4)');
      expect(value(await tasks.run(op("other", 2), release, bad))).toMatchObject({
        is: "ended",
        exitCode: 4,
        lastLines: ["no column"],
      });
      expect(await runs()).toBe(2);
      expect(failure(await tasks.run(op("old", 1), release, good)).code).toBe("fenced");
      expect(await runs()).toBe(2);
    },
    limitMs,
  );

  test(
    "it goes on when its caller is gone, and the next one waits for its end",
    async () => {
      const { bed, release, tasks, again, runs } = await taskBed();
      const slow = task("setTimeout(() => process.exit(0), 4000)");
      const caller = new AbortController();
      const first = tasks.run(op("slow", 1, caller.signal), release, slow);
      await until(async () => value(await again().state("op-slow")).is === "running");
      caller.abort();
      expect(failure(await first).code).toBe("cancelled");
      expect(value(await again().state("op-slow"))).toEqual({ is: "running" });
      expect(value(await again().run(op("slow", 2), release, slow))).toMatchObject({
        is: "ended",
        exitCode: 0,
      });
      expect(await runs()).toBe(1);
      expect(value(await bed.runtime.instances("web"))).toEqual([]);
    },
    limitMs,
  );

  test(
    "it is stopped when its time is over, and a command that is not there is no run",
    async () => {
      const { release, tasks } = await taskBed();
      const endless = task("setInterval(() => {}, 1000)", 2_000);
      expect(failure(await tasks.run(op("endless"), release, endless))).toMatchObject({ code: "timeout" });
      expect(value(await tasks.state("op-endless"))).toMatchObject({ is: "ended" });
      const unknown: Task = { service: "wep", argv: ["x"], timeoutMs: 1_000 };
      expect(failure(await tasks.run(op("unknown"), release, unknown)).code).toBe("missing");
      expect(value(await tasks.state("op-unknown"))).toEqual({ is: "absent" });
    },
    limitMs,
  );

  test(
    "a client killed between create and start leaves nothing that counts as a run; the next try runs it",
    async () => {
      const { bed, release, again, runs } = await taskBed();
      let kills = 0;
      const cut: Host = {
        name: "local",
        run: (command, signal) => {
          if (!command.argv.includes("start")) return bed.docker.host.run(command, signal);
          kills++;
          return Promise.resolve({ ok: false, error: { code: "failed", what: "killed", next: "" } });
        },
      };
      expect(failure(await again(cut).run(op("cut"), release, task("")))).toMatchObject({ what: "killed" });
      expect(kills).toBe(1);
      expect(value(await again().state("op-cut"))).toEqual({ is: "absent" });
      expect(value(await again().run(op("cut"), release, task("")))).toMatchObject({
        is: "ended",
        exitCode: 0,
      });
      expect(await runs()).toBe(1);
    },
    limitMs,
  );

  test(
    "its container goes with the release",
    async () => {
      const { bed, release, tasks } = await taskBed();
      value(await tasks.run(op("migrate"), release, task(`console.log("${SECRET}")`)));
      const count = async () =>
        (
          await bed.docker.docker([
            "ps",
            "--all",
            "--quiet",
            "--filter",
            `label=lastgood.release=${release.id}`,
          ])
        ).split("\n").length - 1;
      expect(await count()).toBe(1);
      value(await bed.runtime.forget(op("forget"), release.id));
      expect(await count()).toBe(0);
    },
    limitMs,
  );
});
