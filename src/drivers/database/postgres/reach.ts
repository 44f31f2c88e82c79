// Where the server answers: at the URL's own address, or at that of its container on its network.
import { type DatabaseUrl, parseDatabaseUrl } from "../../../core/database-url.ts";
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Secret } from "../../../core/secret.ts";
import type { OpenSql, SqlClient } from "../../../ports/sql.ts";
import type { Docker } from "../../docker/cli.ts";
import { inspectContainers } from "../../docker/containers.ts";
import { isUp } from "../../docker/foreign.ts";
import type { Container } from "../../docker/inspect.ts";

export type Place = {
  /** Null where the server runs on a host, and its URL says where. */
  container(): Promise<Result<Container | null>>;
};

/** `name`: name or id of the database's container; null where it has none. */
export function placeOf(docker: Docker | null, name: string | null): Place {
  return {
    container: async () => {
      if (name === null) return ok(null);
      if (docker === null)
        return problem(
          "config",
          `the database is said to run in the container ${name}, and no docker is set up`,
          "take `container` out of the database's settings, or set up docker",
        );
      const found = await inspectContainers(docker, [name]);
      if (!found.ok) return found;
      const container = found.value[0];
      if (container === undefined)
        return problem("missing", `there is no container ${name}`, "look with: docker ps --all", name);
      if (isUp(container)) return ok(container);
      return problem(
        "unreachable",
        `the database's container ${name} is ${container.status}`,
        `start it (docker start ${name}), wait until it is healthy, then run again`,
        name,
      );
    },
  };
}

/** Its address is asked for at each connect, because a container gets another one when it starts again. */
export function clientAt(open: OpenSql, url: Secret, place: Place): SqlClient {
  return {
    connect: async (database) => {
      const at = await addressOf(url, place);
      if (!at.ok) return { ok: false, error: { ...at.error, sqlState: null } };
      const { host, port } = at.value;
      return await open(url, { host, port }).connect(database);
    },
  };
}

/** The URL with host and port that lead there from this machine. */
export async function addressOf(url: Secret, place: Place): Promise<Result<DatabaseUrl>> {
  const parsed = parseDatabaseUrl(url);
  if (!parsed.ok) return parsed;
  const container = await place.container();
  if (!container.ok) return container;
  if (container.value === null) return parsed;
  const host = ipOf(container.value);
  if (host === null)
    return problem(
      "unreachable",
      `the container ${container.value.name} has no address on any network`,
      "connect it to a network of this machine",
    );
  return ok({ ...parsed.value, host });
}

/** One in the host's own network is reached at the URL's port of this machine. */
function ipOf(container: Container): string | null {
  if (container.networkMode === "host") return "127.0.0.1";
  return Object.values(container.addresses)[0] ?? null;
}
