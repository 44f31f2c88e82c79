// Lastgood's way back, with the previous release warm (it still runs) and cold (it is stopped, its image is here).
import { run } from "../../scripts/parts/run.ts";
import type { Docker, StackBed } from "../stack/bed.ts";
import { bad, type Way } from "./recover.ts";

const answerMs = 2_000;
const limitMs = 60_000;

/** `--no-wait` leaves out what comes after production is back: the watch that sees whether it helped. */
export function byLastgood(bed: StackBed, docker: Docker, previous: "warm" | "cold"): Way {
  return {
    name: `lastgood, ${previous}`,
    typed: ["lastgood rollback -y"],
    async makeBad() {
      await bed.lastgood("deploy", bad, "--yes", "--no-wait", "--lift", "bench");
      if (previous === "cold") await stopPrevious(bed, docker);
    },
    goBack: () => bed.lastgood("rollback", "--yes", "--no-wait"),
    decidedAt: bed.decidedAt,
  };
}

async function stopPrevious({ stack }: StackBed, docker: Docker): Promise<void> {
  const call = caller(docker);
  const format = '{{.ID}} {{.Label "lastgood.release"}}';
  const filters = ["label=lastgood.kind=instance", `name=${stack.name}`].flatMap((one) => ["--filter", one]);
  const running = (await call("ps", ...filters, "--format", format))
    .split("\n")
    .filter((line) => line !== "");
  const previous = running
    .filter((line) => !line.includes(` ${bad}-`))
    .map((line) => line.split(" ")[0] ?? "");
  if (previous.length > 0) await call("stop", "--time", "2", ...previous);
}

/** The stack's app as a container beside everything: seconds from its start to its first healthy answer. */
export type Own = {
  /** A stopped one is started again: less work than any way back that makes a container. */
  again(): Promise<number>;
  /** Made and started by Compose. */
  fresh(): Promise<number>;
  end(): Promise<void>;
};

export async function ownContainer({ stack }: StackBed, docker: Docker): Promise<Own> {
  const call = caller(docker);
  const name = `${stack.name}-own`;
  const make = () => stack.compose(["run", "--detach", "--no-deps", "--name", name, stack.api]);
  const untilHealthy = async (start: () => Promise<unknown>) => {
    const begun = performance.now();
    await start();
    const ip = (await call("inspect", "--format", address, name)).trim();
    while (!(await isHealthy(`http://${ip}:8000/health`))) {
      if (performance.now() - begun > limitMs) throw new Error(`${name} does not become healthy`);
    }
    const seconds = (performance.now() - begun) / 1_000;
    await call("stop", "--time", "2", name);
    return seconds;
  };
  await make();
  return {
    async again() {
      await call("stop", "--time", "2", name);
      return untilHealthy(() => call("start", name));
    },
    async fresh() {
      await call("rm", "--force", name);
      return untilHealthy(make);
    },
    end: async () => void (await call("rm", "--force", name)),
  };
}

const address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";

async function isHealthy(url: string): Promise<boolean> {
  return fetch(url, { signal: AbortSignal.timeout(answerMs) }).then(
    (answer) => answer.ok,
    () => new Promise((resolve) => setTimeout(() => resolve(false), 5)),
  );
}

function caller(docker: Docker) {
  const env = { ...process.env, ...docker } as Docker;
  return (...args: readonly string[]) => run(["docker", ...args], { env });
}
