// The composition root of the command line. Everything heavy is loaded when a command needs it.
import { userInfo } from "node:os";
import { createInterface } from "node:readline/promises";
import type { Edges } from "./cli/connection.ts";
import type { Io } from "./cli/io.ts";
import { runCommandLine } from "./cli/program.ts";

function terminal(): Io {
  const { stdin, stdout, stderr, env } = process;
  return {
    out: (text) => stdout.write(text),
    err: (text) => stderr.write(text),
    live: stderr.isTTY === true && env["CI"] === undefined,
    interactive: stdin.isTTY === true && stderr.isTTY === true,
    columns: stderr.columns ?? 80,
    color: stderr.isTTY === true && env["NO_COLOR"] === undefined,
    async ask(question) {
      const line = createInterface({ input: stdin, output: stderr });
      try {
        return await line.question(question);
      } finally {
        line.close();
      }
    },
    user: env["SUDO_USER"] ?? env["USER"] ?? nameOfUser(),
    onInterrupt(act) {
      process.on("SIGINT", act);
      process.on("SIGTERM", act);
      return () => {
        process.off("SIGINT", act);
        process.off("SIGTERM", act);
      };
    },
  };
}

function nameOfUser(): string {
  try {
    return userInfo().username;
  } catch {
    return "somebody";
  }
}

function edges(io: Io, version: string): Edges {
  return {
    version,
    async connect({ config, takeOver }) {
      const { connect } = await import("./compose/connect.ts");
      return connect(config, { takeOver, who: `cli of ${io.user}`, onInterrupt: io.onInterrupt });
    },
    async serve({ config, say }) {
      const [{ readConfig }, { serve }] = await Promise.all([
        import("./compose/load.ts"),
        import("./compose/serve.ts"),
      ]);
      const read = await readConfig(config);
      return read.ok ? serve(read.value, { say, onInterrupt: io.onInterrupt }) : read;
    },
    async demo(options) {
      const { demo } = await import("./demo/demo.ts");
      return demo({ ...options, onInterrupt: io.onInterrupt });
    },
    async exampleConfig() {
      const { configExample } = await import("./config/generate/pages.ts");
      return configExample();
    },
    async checkConfig(path) {
      const { readConfig } = await import("./compose/load.ts");
      const read = await readConfig(path);
      if (!read.ok) return read;
      return {
        ok: true,
        value: `${path} is right: ${Object.keys(read.value.environments).join(", ")} of ${read.value.app}.`,
      };
    },
    async replay(wish, say) {
      const { runReplay } = await import("./compose/replay.ts");
      return runReplay(wish, say);
    },
    async init(config) {
      const { openInit } = await import("./compose/init.ts");
      return openInit(config);
    },
    async hosts({ config }) {
      const [{ readConfig }, { openHosts }] = await Promise.all([
        import("./compose/load.ts"),
        import("./compose/hosts.ts"),
      ]);
      const read = await readConfig(config);
      return read.ok ? { ok: true, value: openHosts(read.value) } : read;
    },
    async bedside({ config }) {
      const [{ readConfig }, { bedside }] = await Promise.all([
        import("./compose/load.ts"),
        import("./compose/bedside.ts"),
      ]);
      const read = await readConfig(config);
      return read.ok ? { ok: true, value: bedside(read.value) } : read;
    },
    async journal({ config }) {
      const [{ readConfig }, { journalCare }] = await Promise.all([
        import("./compose/load.ts"),
        import("./compose/journal-care.ts"),
      ]);
      const read = await readConfig(config);
      return read.ok ? journalCare(read.value) : read;
    },
  };
}

/**
 * Ends the process itself: after a journal that stopped, a natural end would let SQLite fold its log into a file that
 * may be damaged. What was printed is flushed first.
 */
export async function main(argv: readonly string[], version: string): Promise<void> {
  const io = terminal();
  const code = await runCommandLine(argv, edges(io, version), io);
  for (const stream of [process.stdout, process.stderr])
    await new Promise((resolve) => stream.write("", resolve));
  process.exit(code);
}
