// Who may import whom, and who may touch the world. The rooms are the folders of src/; the longest match counts.

/** What a room is allowed beyond plain computing, each with the reason. A grant that nobody uses must go. */
export type Grants = Readonly<Record<string, string>>;

export type Room = {
  /** A folder of src/, or one file of it. */
  readonly room: string;
  /** Other rooms that it may import; its own files always. */
  readonly imports: readonly string[];
  /**
   * Packages and `node:` modules by name, and what comes without an import: `clock` (Date.now, new Date(),
   * performance), `random`, `timers`, `net` (fetch), `env` and `exit` (process.env, process.exit), `process`
   * (anything else of it), `async` (asked of the core only).
   */
  readonly grants: Grants;
  /** Grants for single files, by path inside the room. */
  readonly files?: Readonly<Record<string, Grants>>;
};

/** All rooms but main.ts, which nobody imports. */
const everything = ["*"];

const shapes = "checks plain data at a border";
const paths = "joins path texts; touches nothing";
const digests = "sha256; random names come from the Ids port";
const addresses = "reads and writes URL texts";
const serves = "it is a server";
const ownClock = "it is a process of its own, whose main.ts hands in the clock";
const loads = "it plays the users of a live app, in real time";

export const rooms: readonly Room[] = [
  {
    room: "core",
    imports: [],
    grants: { zod: shapes },
    files: { "digest.ts": { "node:crypto": "sha256 is a pure function" } },
  },
  { room: "ports", imports: ["core"], grants: { async: "ports are promises of what drivers do" } },
  { room: "config", imports: ["core"], grants: { zod: shapes, yaml: "the file format" } },
  { room: "steps", imports: ["core", "ports"], grants: { zod: shapes, async: "acts" } },
  {
    room: "drivers/docker",
    imports: ["core", "ports"],
    grants: { zod: shapes, async: "asks and acts", "node:path": paths },
  },
  {
    room: "drivers/tasks",
    imports: ["core", "ports", "drivers/docker", "drivers/runtime"],
    grants: { async: "acts" },
  },
  {
    room: "drivers/trials",
    imports: ["core", "ports", "drivers/docker", "drivers/runtime"],
    grants: { async: "acts", "node:path": paths },
  },
  {
    room: "drivers/rollout",
    imports: ["core", "ports", "drivers/runtime"],
    grants: { async: "acts" },
  },
  {
    room: "drivers/adopt",
    imports: ["core", "ports", "drivers/docker", "drivers/traffic"],
    grants: { zod: shapes, async: "acts", "node:path": paths },
  },
  {
    room: "drivers/runtime",
    imports: ["core", "ports", "drivers/docker"],
    grants: { zod: shapes, async: "acts", "node:path": paths },
    files: {
      "process/proof.ts": { "node:crypto": digests },
      "process/env.ts": { "node:util": "parseEnv: reads the text of an env file" },
      "process/redact.ts": { "node:util": "strips control sequences from text" },
    },
  },
  {
    room: "drivers/traffic",
    imports: ["core", "ports", "drivers/docker"],
    grants: { zod: shapes, async: "acts", "node:path": paths },
    files: {
      "proxy/files.ts": { "node:crypto": digests },
      "edge/config.ts": { "node:crypto": digests },
      "edge/image.ts": { "node:crypto": digests },
    },
  },
  {
    room: "drivers/database",
    imports: ["core", "ports", "drivers/docker"],
    grants: {
      async: "acts",
      zod: shapes,
      "node:path": paths,
      "node:crypto": digests,
      "node:sqlite": "the SQLite driver has no other way to a SQLite file",
    },
    files: {
      "second-place/s3/client.ts": { aws4fetch: "signs requests as every S3 client does" },
      "sqlite/open.ts": { "node:url": addresses },
      "sqlite/salvage.ts": { "node:url": addresses },
      "sqlite/inspect.ts": {
        "node:worker_threads": "a long look at a large file must not stop the controller",
      },
      "sqlite/inspect-thread.ts": { "node:worker_threads": "the thread itself" },
      "sqlite/ask.ts": {
        "node:worker_threads": "whoever wrote the queries, they must not stop the controller",
      },
      "sqlite/ask-thread.ts": { "node:worker_threads": "the thread itself" },
    },
  },
  {
    room: "drivers/signals",
    imports: ["core", "ports", "drivers/checks"],
    grants: { zod: shapes, async: "acts", "node:path": paths },
  },
  {
    room: "drivers/checks",
    imports: ["core", "ports"],
    grants: { zod: shapes, async: "looks" },
    files: { "certificates.ts": { "node:crypto": "reads certificates" } },
  },
  {
    room: "drivers/parts",
    imports: ["core", "ports"],
    grants: { zod: shapes, async: "reads and restarts" },
    files: { "text.ts": { "node:util": "strips control sequences from text" } },
  },
  {
    room: "drivers/flags",
    imports: ["core", "ports"],
    grants: { async: "acts" },
    files: {
      "evaluate.ts": { "@openfeature/flagd-core": "evaluates rules as every flagd client does" },
      "source-tree.ts": { "node:path": paths },
    },
  },
  {
    room: "drivers/migrations",
    imports: ["core", "ports", "drivers/database"],
    grants: { async: "asks and acts", "node:path": paths, zod: shapes },
  },
  {
    room: "drivers/notifier",
    imports: ["core", "ports"],
    grants: { async: "acts" },
    files: { "webhook.ts": { "node:crypto": "signs what it sends" } },
  },
  {
    room: "journal",
    imports: ["core", "ports"],
    grants: {
      async: "slices of long work let others in between",
      "node:sqlite": "the journal is a SQLite file",
      "node:fs":
        "copy and ballast lie beside it; synchronous, because a fact must be on disk when append returns",
      "node:path": paths,
    },
    files: { "disk.ts": { process: "what root makes in somebody's folder must be given to them" } },
  },
  {
    room: "os",
    imports: ["core", "ports"],
    grants: {
      async: "acts",
      clock: "the home of Date and performance",
      timers: "the home of timers",
      random: "the home of random names",
      process: "the home of what a process says of itself",
      "node:child_process": "the home of commands",
      "node:fs": "the home of files",
      "node:fs/promises": "the home of files",
      "node:net": "the home of sockets",
      "node:tls": "the home of sockets",
      "node:http": "the home of HTTP",
      "node:https": "the home of HTTP",
      "node:http2": "the home of HTTP",
      "node:crypto": "digests and random names",
      "node:events": "waits for what streams and children say",
      "node:os": "boot time and interfaces",
      "node:path": paths,
      "node:readline": "lines of the control socket",
      "node:timers/promises": "waits for an inspector to open",
      net: "speaks to an inspector",
      "node:stream": "output of children",
      "node:stream/promises": "files that are unpacked",
      "node:zlib": "backups of others are compressed",
      pg: "speaks to PostgreSQL",
      "@hono/node-server": "listens on the control socket",
    },
  },
  {
    room: "proxy",
    imports: ["core"],
    grants: {
      async: serves,
      timers: serves,
      zod: shapes,
      "node:http": serves,
      "node:net": serves,
      "node:stream": serves,
      "node:crypto": "hashes who asks",
      "node:fs": "its own settings, log and route: no controller need be there",
      "node:fs/promises": "its own settings, log and route: no controller need be there",
      "node:path": paths,
    },
    files: {
      "main.ts": { clock: ownClock, process: "the process entry", exit: "the process entry" },
      "lookup.ts": { "node:dns": "asks for the address of a name once, however many wait" },
    },
  },
  { room: "engine", imports: ["core", "ports", "steps"], grants: { async: "acts" } },
  {
    room: "app",
    imports: ["core", "ports", "config", "steps", "engine"],
    grants: { zod: shapes, async: "acts" },
    files: {
      "init/compose-model.ts": { yaml: "reads the team's own compose files" },
      "init/init.ts": { "node:path": paths },
      "init/look.ts": { "node:path": paths },
      "init/look-compose.ts": { "node:path": paths, "node:util": "parseEnv: reads the text of an env file" },
      "init/reader.ts": { "node:path": paths },
    },
  },
  {
    room: "http",
    imports: ["core", "app"],
    grants: { hono: "routes", zod: shapes, async: "answers" },
    files: { "hooks/signature.ts": { "node:crypto": "compares signatures in constant time" } },
  },
  {
    room: "cli",
    imports: ["core", "app"],
    grants: { commander: "verbs and options", async: "waits for answers" },
    files: {
      "backup-program.ts": { "node:path": "a file's path as the controller sees it" },
      "format/progress.ts": { clock: "says how much time is left" },
      "format/steps.ts": { clock: "shows how long a step has been going on", timers: "redraws the picture" },
      "verbs/log.ts": { timers: "--follow asks again and again" },
      "verbs/parts.ts": { timers: "--follow asks again and again" },
    },
  },
  {
    room: "compose",
    imports: everything,
    grants: {
      async: "opens things",
      "node:path": paths,
      "node:url": "where our own files are",
      "node:os": "a short folder for sockets",
      env: "what little of the environment children inherit",
      process: "the path of our own node",
    },
    files: { "journal-care.ts": { "node:fs": "is there a journal at all?" } },
  },
  {
    room: "testing",
    imports: ["core", "ports", "engine", "steps"],
    grants: { async: "plays scenarios", "node:assert/strict": "contract cases throw, whatever runs them" },
    files: {
      "contracts/runtime.ts": { "node:timers/promises": "real processes need real time" },
      "contracts/rollout.ts": { "node:timers/promises": "real platforms need real time" },
      "contracts/signals.ts": { "node:timers/promises": "real sources need real time" },
      "sim/sim-clock.ts": {
        timers: "lets everything that can happen now happen, before it moves the simulated time",
      },
    },
  },
  {
    room: "demo",
    imports: everything,
    grants: {
      async: loads,
      clock: loads,
      timers: loads,
      random: loads,
      net: loads,
      "node:timers/promises": loads,
      "node:http": loads,
      "node:stream": loads,
      "node:crypto": "websocket keys",
      "node:fs/promises": "a folder of its own, with the shop in it",
      "node:os": "the machine's folder for temporary things",
      "node:path": paths,
      "node:sqlite": "looks into the shop's database: is every acknowledged order there?",
    },
    files: {
      "stack/bed.ts": { process: "some daemons of the example stacks will not run as root" },
      "stack/engine.ts": {
        "(computed)": "what starts a private Docker engine lies in scripts/, which is not compiled",
      },
      "stack/places.ts": { "node:url": "where the examples and packages are" },
      "stack/versions.ts": {
        "(computed)": "the shop's version maker lies in examples/, which is not compiled",
      },
      "stage.ts": { "(computed)": "the shop's version maker lies in examples/, which is not compiled" },
    },
  },
  { room: "driver.ts", imports: ["core", "ports"], grants: {} },
  {
    room: "main.ts",
    imports: everything,
    grants: {
      async: "waits",
      process: "the terminal and signals",
      env: "colours, CI, and who stands at the keyboard",
      exit: "the exit code",
      "node:os": "who stands at the keyboard, where the environment does not say",
      "node:readline/promises": "asks the person",
    },
  },
];
