// lastgood lock show | break
import { connected, type Shared, type Shown } from "../run.ts";

const quiet = { durations: () => undefined, event: () => undefined };

export function lockShowCommand(it: Shared): Promise<Shown> {
  return connected(it, "lock", (connection) => connection.call("lock.show", { env: it.env }, quiet));
}

export async function lockBreakCommand(
  it: Shared,
  { yes, why }: { readonly yes: boolean; readonly why: string },
): Promise<Shown> {
  return connected(it, "lock", async (connection) => {
    const held = await connection.call("lock.show", { env: it.env }, quiet);
    if (held.data["held"] !== true) return held;
    if (!yes) {
      const sure = it.io.interactive ? await it.io.ask(`${held.what}\nBreak it? [y/N] `) : "";
      if (!/^y(es)?$/i.test(sure.trim()))
        return { ...held, outcome: "waits", next: "Say --yes to break it." };
    }
    return connection.call("lock.break", { env: it.env, by: it.io.user, why }, quiet);
  });
}
