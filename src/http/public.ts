// What a controller shows on its TCP port for now: that it is alive, and whether it can act.
// Dashboard, status page, webhooks and the API move in here; each brings its own authorisation.
import { Hono } from "hono";
import type { App } from "../app/app.ts";
import { edgesAnswer } from "../app/serving.ts";
import { flagRoutes } from "./flags/routes.ts";
import type { HookDesk } from "./hooks/desk.ts";
import { hookRoutes } from "./hooks/routes.ts";

export function publicApp(app: App, hooks: HookDesk): Hono {
  const hono = new Hono();
  hono.get("/healthz", (context) => context.text("ok\n"));
  hono.get("/readyz", async (context) => {
    const ready = (await edgesAnswer(app)) && !app.stopping.aborted;
    return context.text(ready ? "ready\n" : "an edge does not answer\n", ready ? 200 : 503);
  });
  hono.route(
    "/hooks",
    hookRoutes(hooks, () => app.deps.clock.now()),
  );
  hono.route(
    "/",
    flagRoutes(app.flags, () => app.deps.clock.now()),
  );
  return hono;
}
