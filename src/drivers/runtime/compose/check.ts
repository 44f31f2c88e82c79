// Runs a container's own healthcheck now. The engine asks first after a whole interval, which is often 30 s.
import type { Docker } from "../../docker/cli.ts";
import type { Container } from "../../docker/inspect.ts";

/** One that takes longer is left to the engine. */
const CHECK_MS = 5_000;
/** So many containers are remembered as not to be asked. */
const REMEMBERED = 256;

/**
 * True where the check passes: the same check that the engine would make, which takes one success for healthy.
 * One at a time for each container, and never again for one whose check hung: what hangs would pile up inside it.
 */
export function checker(docker: Docker): (container: Container) => Promise<boolean> {
  const asked = new Map<string, Promise<boolean>>();
  const hung = new Set<string>();
  const ask = async ({ id, healthcheck }: Container): Promise<boolean> => {
    const timeoutMs = Math.min(healthcheck?.timeoutMs ?? CHECK_MS, CHECK_MS);
    const args = ["exec", id, ...(healthcheck?.argv ?? [])];
    const ended = await docker.run({ args, effect: "read", timeoutMs });
    if (!ended.ok && ended.error.code === "timeout") {
      hung.add(id);
      const [oldest] = hung;
      if (hung.size > REMEMBERED && oldest !== undefined) hung.delete(oldest);
    }
    return ended.ok && ended.value.exitCode === 0;
  };
  return async (container) => {
    const { id, healthcheck, status } = container;
    if (healthcheck === null || status !== "running" || hung.has(id)) return false;
    const running = asked.get(id) ?? ask(container).finally(() => asked.delete(id));
    asked.set(id, running);
    return running;
  };
}
