// A command in a controller of its own, for as long as the command lasts.
import { acts, type CallName, parseCall } from "../app/calls.ts";
import { listenToProgress } from "../app/progress.ts";
import type { Progress } from "../cli/connection.ts";
import type { Config } from "../config/schema.ts";
import type { Event, Holder } from "../core/event.ts";
import { type Outcome, stopped } from "../core/view/outcome.ts";
import { JournalStopped } from "../ports/journal.ts";
import { announce, deliver, settle } from "./controller.ts";
import { type Opened, openApp } from "./open.ts";

export type ConnectOptions = {
  readonly takeOver: boolean;
  readonly who: string;
  /** Called with how to interrupt the command that runs in this process. */
  onInterrupt(act: () => void): () => void;
};

export type Call = {
  readonly name: CallName;
  readonly input: unknown;
  readonly progress: Progress;
  readonly tookOver: Holder | null;
};

export async function inProcess(config: Config, options: ConnectOptions, call: Call): Promise<Outcome> {
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
  const silence = app.deps.ledger.listen((event: Event) => progress.event(event));
  const deafen = listenToProgress(app, (progressed) => progress.progressed?.(progressed));
  const hush = () => {
    silence();
    deafen();
  };
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
    await opened.glass.idle();
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
