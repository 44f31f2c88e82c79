// The CLI's way to a controller: the running one over its socket, or one of its own for the length of a command.
import { acts, type CallName, parseCall } from "../app/calls.ts";
import type { Connection, Progress } from "../cli/connection.ts";
import type { Config } from "../config/schema.ts";
import type { Event, Holder } from "../core/event.ts";
import { limits } from "../core/limits.ts";
import { ok, problem, type Result } from "../core/result.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import type { ControlLine } from "../http/control.ts";
import { callController, type Lines } from "../os/control-client.ts";
import { JournalStopped } from "../ports/journal.ts";
import { announce, deliver, settle } from "./controller.ts";
import { thisMachine } from "./machine.ts";
import { type Opened, openApp, readHolder } from "./open.ts";
import { type StatePaths, statePaths } from "./paths.ts";

export type ConnectOptions = {
  readonly takeOver: boolean;
  readonly who: string;
  /** Called with how to interrupt the command that runs in this process. */
  onInterrupt(act: () => void): () => void;
};

export function connect(config: Config, options: ConnectOptions): Connection {
  const paths = statePaths(config.state);
  return {
    async call(name, input, progress) {
      const remote = await callController(paths.socket, name, input, limits.controllerAnswerMs);
      if (remote.ok) return relay(name, remote.value, progress);
      if (remote.error.code === "timeout" && !options.takeOver) return stopped(name, null, await hung(paths));
      const tookOver = options.takeOver ? await endHolder(paths) : ok(null);
      if (!tookOver.ok) return stopped(name, null, tookOver.error);
      return inProcess(config, options, { name, input, progress, tookOver: tookOver.value });
    },
  };
}

async function relay(name: string, lines: Lines, progress: Progress): Promise<Outcome> {
  try {
    for await (const each of lines) {
      const line = each as ControlLine;
      if ("outcome" in line) return line.outcome;
      if ("event" in line) progress.event(line.event);
      else progress.durations(line.durations);
    }
  } catch {
    // A broken stream and a short one mean the same: told below.
  }
  const what = "the controller ended in the middle of this command";
  return stopped(name, null, {
    code: "failed",
    what,
    next: "Say it again: what was begun is taken up where it was left. lastgood status shows it.",
  });
}

async function hung(paths: StatePaths) {
  const holder = await readHolder(thisMachine().files, paths);
  const who = holder ? `process ${holder.pid} (${holder.who})` : "somebody";
  const next = "Say --take-over to end it and go on without it; what it had begun is taken up safely.";
  return { code: "busy" as const, what: `the controller, ${who}, does not answer`, next };
}

/** End a hung controller, and only that: pid, start time and boot must be those that it wrote down itself. */
async function endHolder(paths: StatePaths): Promise<Result<Holder | null>> {
  const { files, processes, clock } = thisMachine();
  const holder = await readHolder(files, paths);
  if (!holder || holder.bootId !== clock.bootId() || !processes.alive(holder)) return ok(null);
  // A frozen process does not hear TERM.
  processes.signal(holder, "SIGKILL");
  for (let waited = 0; waited < limits.controllerAnswerMs; waited += 10) {
    if (!processes.alive(holder)) return ok(holder);
    await clock.sleep(10);
  }
  return problem(
    "failed",
    `process ${holder.pid} could not be ended`,
    `End it by hand: kill -9 ${holder.pid}`,
  );
}

type Call = {
  readonly name: CallName;
  readonly input: unknown;
  readonly progress: Progress;
  readonly tookOver: Holder | null;
};

async function inProcess(config: Config, options: ConnectOptions, call: Call): Promise<Outcome> {
  const parsed = parseCall(call.name, call.input);
  if (!parsed.ok) return stopped(call.name, null, parsed.error);
  const opened = await openApp(config, options.who, call.tookOver);
  if (!opened.ok) return stopped(call.name, null, opened.error);
  try {
    return await withController(opened.value, options, call, parsed.value);
  } catch (error) {
    if (!(error instanceof JournalStopped)) throw error;
    const next =
      "All effects were stopped. Mend the disk, then say it again: what was begun is taken up where it was left.";
    return stopped(call.name, null, { code: "failed", what: error.message, next });
  } finally {
    opened.value.close();
  }
}

async function withController(
  opened: Opened,
  options: ConnectOptions,
  { name, progress }: Call,
  call: (app: Opened["app"]) => Promise<Outcome>,
): Promise<Outcome> {
  const { app } = opened;
  progress.durations(app.deps.ledger.state().durations);
  const hush = app.deps.ledger.listen((event: Event) => progress.event(event));
  if (!acts(name)) return call(app).finally(hush);
  const withdraw = await announce(opened);
  const deaf = options.onInterrupt(() => interrupt(opened));
  try {
    await settle(opened);
    const outcome = await call(app);
    await deliver(opened);
    return outcome;
  } finally {
    deaf();
    hush();
    opened.stop();
    await Promise.allSettled([...app.watching.following.values()].map((one) => one.end));
    await withdraw();
  }
}

/** Ctrl-C: a run goes back at its next boundary; where only a watch is under way, waiting for it ends. */
function interrupt({ app, stop }: Opened): void {
  const open = Object.values(app.deps.ledger.state().runs).filter((run) => run.status === "open");
  if (open.length === 0) stop();
  for (const run of open)
    app.deps.ledger.record([{ type: "run.cancel-requested", data: { run: run.run, by: "Ctrl-C" } }]);
}
