// A controller's process that restores, and kills itself before or after its n-th act: on Redis, on its files, or on our scratch server.
// argv: what is wanted, as JSON. Its last line says how it ended and how many acts there were.
import type { Result } from "../../../../src/core/result.ts";
import { redisStore } from "../../../../src/drivers/database/redis/redis.ts";
import type { RedisLink } from "../../../../src/ports/redis-link.ts";
import { op, storeDeps } from "./bed.ts";

export type Errand = {
  readonly port: number;
  readonly backupDir: string;
  readonly verb: "backup" | "restore";
  readonly op: string;
  readonly what: string;
  /** 0: never. `exec`: at the transaction that exchanges the data. */
  readonly at: number | "exec";
  readonly phase: "before" | "after";
};

const errand = JSON.parse(process.argv[2] ?? "") as Errand;
let acts = 0;

async function act<T>(work: () => Promise<T>, isExec = false): Promise<T> {
  const number = ++acts;
  const mine = isExec && errand.at === "exec" ? "exec" : number;
  if (mine === errand.at && errand.phase === "before") process.kill(process.pid, "SIGKILL");
  const done = await work();
  if (mine === errand.at && errand.phase === "after") process.kill(process.pid, "SIGKILL");
  return done;
}

const real = storeDeps(errand.port, null);
const watched = (link: RedisLink): RedisLink => ({
  ...link,
  ask: (commands) =>
    act(
      () => link.ask(commands),
      commands.some(([name]) => name === "EXEC"),
    ),
});
const { files, dial, processes } = real;
const { database } = redisStore(
  { backupDir: errand.backupDir, keep: 1_000, clients: "stay", server: "redis-server" },
  {
    ...real,
    files: {
      ...files,
      replace: (...given) => act(() => files.replace(...given)),
      copy: (...given) => act(() => files.copy(...given)),
      remove: (...given) => act(() => files.remove(...given)),
    },
    processes: { ...processes, start: (spec) => act(() => processes.start(spec)) },
    dial: {
      connect: async (at) => {
        const link = await dial.connect(at);
        return link.ok ? { ok: true, value: watched(link.value) } : link;
      },
      fetch: (...given) => act(() => dial.fetch(...given)),
    },
  },
);
const done: Result<unknown> =
  errand.verb === "backup"
    ? await database.backUp(op(errand.op), errand.what)
    : await database.restore(op(errand.op), errand.what);
process.stdout.write(`${JSON.stringify({ ok: done.ok, acts, why: done.ok ? null : done.error.what })}\n`);
process.exit(0);
