// Does anybody take connections there? Opens one and closes it.
import { connect } from "node:net";
import { ok, problem, type Result } from "../core/result.ts";

/** Failures: `unreachable`, `timeout`. */
export function canConnect(host: string, port: number, timeoutMs: number): Promise<Result<void>> {
  const where = `${host}:${port}`;
  return new Promise((resolve) => {
    const socket = connect({ host, port });
    const finish = (result: Result<void>): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(result);
    };
    const late = problem("timeout", `${where} did not answer within ${timeoutMs} ms`, "Look at its network.");
    const timer = setTimeout(() => finish(late), timeoutMs);
    socket.on("connect", () => finish(ok(undefined)));
    socket.on("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "ECONNREFUSED" ? "nobody listens there" : `it failed with ${error.code}`;
      finish(problem("unreachable", `${where} cannot be reached: ${why}`, "Look whether it runs."));
    });
  });
}
