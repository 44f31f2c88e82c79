// Redis, PostgreSQL and nginx images from this machine's Debian packages, to be used like the official ones.
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../parts/find-program.ts";
import { run, tryRun } from "../parts/run.ts";
import { appletLinks, shellPrograms } from "./node.ts";
import { type Recipe, users } from "./recipe.ts";

const postgresFolder = "/usr/lib/postgresql";
/** Drops the rights of root in entry scripts. */
const setpriv = { path: "/usr/bin/setpriv" };
const systemPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
const entrypoint = "/usr/local/bin/docker-entrypoint.sh";

/** Null where the machine has no Redis. Password, append-only file and so on by arguments: `redis-server --requirepass …`. */
export async function redis(): Promise<Recipe | null> {
  const [server, client] = [await findProgram("redis-server"), await findProgram("redis-cli")];
  if (server === null || client === null) return null;
  const major = /v=(\d+)\./.exec(await run([server, "--version"]))?.[1] ?? "7";
  return {
    tags: [`redis:${major}`, `redis:${major}-alpine`],
    programs: [{ path: server, as: "/usr/bin/redis-server" }, { path: client }, setpriv, ...shellPrograms],
    links: appletLinks(),
    texts: await script("redis-entrypoint.sh"),
    folders: [{ path: "/data", owner: users.redis }],
    settings: [
      `ENV PATH=${systemPath}`,
      "WORKDIR /data",
      "VOLUME /data",
      "EXPOSE 6379",
      `ENTRYPOINT ["${entrypoint}"]`,
      'CMD ["redis-server"]',
    ],
  };
}

/** Null where the machine has none. Has psql, pg_isready, pg_dump and the rest; extensions of postgresql-contrib too. */
export async function postgres(): Promise<Recipe | null> {
  const versions = await readdir(postgresFolder).catch(() => []);
  const major = versions.sort((a, b) => Number(b) - Number(a))[0];
  if (major === undefined) return null;
  const own = join(postgresFolder, major);
  const server = await serverOf(major);
  return {
    tags: [`postgres:${major}`, `postgres:${major}-alpine`],
    programs: [setpriv, ...shellPrograms],
    copies: [
      join(own, "bin"),
      join(own, "lib"),
      `/usr/share/postgresql/${major}`,
      "/usr/share/zoneinfo/Etc",
      "/usr/lib/locale/C.utf8",
    ],
    without: /llvmjit|\/bitcode\/|\/pgxs\/|\/man\/|\.a$/,
    links: { ...appletLinks(), "/var/run": "../run", "/usr/share/zoneinfo/UTC": "Etc/UTC" },
    ...server,
  };
}

/** What an image of PostgreSQL has beside its programs, whatever its version. */
export async function serverOf(
  major: string,
): Promise<Required<Pick<Recipe, "texts" | "folders" | "stopSignal" | "settings">>> {
  return {
    texts: await script("postgres-entrypoint.sh"),
    folders: [
      { path: "/var/lib/postgresql", owner: users.postgres },
      { path: "/var/lib/postgresql/data", owner: users.postgres, mode: 0o700 },
      { path: "/run/postgresql", owner: users.postgres, mode: 0o3777 },
      { path: "/docker-entrypoint-initdb.d" },
    ],
    stopSignal: "SIGINT", // SIGTERM would wait for all clients to leave
    settings: [
      `ENV PATH=${systemPath}:${join(postgresFolder, major)}/bin`,
      "ENV PGDATA=/var/lib/postgresql/data",
      `ENV PG_MAJOR=${major}`,
      "ENV LANG=C.UTF-8",
      "VOLUME /var/lib/postgresql/data",
      "EXPOSE 5432",
      `ENTRYPOINT ["${entrypoint}"]`,
      'CMD ["postgres"]',
    ],
  };
}

/** Null where the machine has none. Logs go to the container's output through /var/log/nginx, as in the official image. */
export async function nginx(): Promise<Recipe | null> {
  const program = await findProgram("nginx");
  if (program === null) return null;
  const version = /nginx\/(\d+\.\d+)/.exec((await tryRun([program, "-v"]))?.stderr ?? "")?.[1] ?? "1";
  return {
    tags: [`nginx:${version}`, `nginx:${version}-alpine`, "nginx:alpine", "nginx:stable-alpine"],
    programs: [{ path: program, as: "/usr/sbin/nginx" }, ...shellPrograms],
    copies: [
      "/etc/nginx/mime.types",
      "/etc/nginx/fastcgi_params",
      "/etc/nginx/uwsgi_params",
      "/etc/nginx/scgi_params",
    ],
    links: {
      ...appletLinks(),
      "/var/run": "../run",
      "/var/log/nginx/access.log": "/dev/stdout",
      "/var/log/nginx/error.log": "/dev/stderr",
    },
    texts: {
      "/etc/nginx/nginx.conf": { text: await readFile(join(import.meta.dirname, "nginx.conf"), "utf8") },
      "/etc/nginx/conf.d/default.conf": {
        text: "server {\n    listen 80;\n    root /usr/share/nginx/html;\n}\n",
      },
      "/usr/share/nginx/html/index.html": { text: "<h1>Welcome to nginx!</h1>\n" },
    },
    folders: [
      { path: "/var/lib/nginx" },
      { path: "/var/lock" },
      { path: "/var/cache/nginx", owner: users.nginx },
    ],
    stopSignal: "SIGQUIT", // requests in flight may end
    settings: [`ENV PATH=${systemPath}`, "EXPOSE 80", 'CMD ["nginx", "-g", "daemon off;"]'],
  };
}

async function script(name: string): Promise<NonNullable<Recipe["texts"]>> {
  return { [entrypoint]: { text: await readFile(join(import.meta.dirname, name), "utf8"), mode: 0o755 } };
}
