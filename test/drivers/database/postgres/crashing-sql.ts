// A controller that dies at its n-th act on the server, on files or with programs, and is dead from then on.
import type { PostgresDeps } from "../../../../src/drivers/database/postgres/context.ts";
import type { OpenSql, SqlSession } from "../../../../src/ports/sql.ts";

/** The act was not done, or was done and nobody heard the answer. */
export type Fault = "before" | "after";

export class Crash extends Error {
  override name = "Crash";
}

/** A crash around a look is the same as one before the next act. */
const look = /^\s*(SELECT(?! pg_(terminate|advisory|try))|SET |SHOW )/;
const fileLooks = new Set(["read", "stat", "list"]);

type Moment = (act: string, phase: Fault) => Promise<void>;

/** `moment` is told of each act, just before and just after it; with `looks`, of each question too. */
export function watched(
  deps: PostgresDeps,
  moment: Moment,
  looks = false,
): PostgresDeps & { end(): Promise<void> } {
  const open = new Set<SqlSession>();
  const act = async <T>(name: string, counts: boolean, work: () => Promise<T>): Promise<T> => {
    if (!counts && !looks) return work();
    await moment(name, "before");
    const done = await work();
    await moment(name, "after");
    return done;
  };
  const sql: OpenSql = (url, place) => ({
    connect: async (database) => {
      const made = await act("connect", false, () => deps.sql(url, place).connect(database));
      if (!made.ok) return made;
      const session = made.value;
      open.add(session);
      return {
        ok: true,
        value: {
          ...session,
          pid: session.pid,
          query: (text, params) => act(text, !look.test(text), () => session.query(text, params)),
          close: async () => {
            open.delete(session);
            await session.close();
          },
        },
      };
    },
  });
  const files = new Proxy(deps.files, {
    get:
      (target, name) =>
      (...args: unknown[]) =>
        act(`files.${String(name)}`, !fileLooks.has(String(name)), () =>
          (target[name as keyof typeof target] as (...all: unknown[]) => Promise<unknown>)(...args),
        ),
  });
  const host: PostgresDeps["host"] = {
    name: deps.host.name,
    run: (command, signal) => act(command.argv[0], command.op !== null, () => deps.host.run(command, signal)),
  };
  const end = async () => void (await Promise.all([...open].map((session) => session.close())));
  return { ...deps, sql, files, host, end };
}

export type Crashing = { readonly deps: PostgresDeps; readonly acts: () => readonly string[] };

export function crashing(deps: PostgresDeps, at: number, fault: Fault): Crashing {
  const acts: string[] = [];
  let dead = false;
  const dying = watched(deps, async (name, phase) => {
    if (dead) throw new Crash();
    if (phase === "before") acts.push(name);
    if (acts.length !== at || phase !== fault) return;
    dead = true;
    await dying.end(); // the kernel closes the connections of a process that is gone
    throw new Crash();
  });
  return { deps: dying, acts: () => acts };
}
