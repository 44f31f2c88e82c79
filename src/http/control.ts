// The control socket: the CLI's way to a running controller. Newline-delimited JSON: facts as they happen, then
// the outcome. Who may open the socket (mode 0600) may do everything; nothing else listens on it.
import { Hono } from "hono";
import { stream } from "hono/streaming";
import type { App } from "../app/app.ts";
import { parseCall } from "../app/calls.ts";
import { listenToProgress } from "../app/progress.ts";
import type { Event } from "../core/event.ts";
import type { Outcome } from "../core/view/outcome.ts";
import { stopped } from "../core/view/outcome.ts";
import type { Progressed } from "../core/view/progress.ts";

/** One line of an answer. */
export type ControlLine =
  | { readonly durations: Readonly<Record<string, readonly number[]>> }
  | { readonly event: Event }
  | { readonly progressed: Progressed }
  | { readonly outcome: Outcome };

export function controlApp(app: App): Hono {
  const hono = new Hono();
  hono.get("/ping", (context) =>
    context.json({ pid: app.deps.holder.pid, epoch: app.deps.ledger.journal.epoch() }),
  );
  hono.post("/call/:name", async (context) => {
    const name = context.req.param("name");
    const call = parseCall(name, await context.req.json().catch(() => null));
    context.header("content-type", "application/x-ndjson");
    return stream(context, async (out) => {
      const write = (line: ControlLine) => out.write(`${JSON.stringify(line)}\n`);
      if (!call.ok) {
        await write({ outcome: stopped(name, null, call.error) });
        return;
      }
      await write({ durations: app.deps.ledger.state().durations });
      // Listeners are called inside an append: lines are only queued there, in order.
      let queue = Promise.resolve<unknown>(undefined);
      const hush = app.deps.ledger.listen((event) => {
        queue = queue.then(() => write({ event }));
      });
      const deaf = listenToProgress(app, (progressed) => {
        queue = queue.then(() => write({ progressed }));
      });
      try {
        const outcome = await call.value(app);
        await queue;
        await write({ outcome });
      } finally {
        hush();
        deaf();
      }
    });
  });
  return hono;
}
