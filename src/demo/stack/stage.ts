// The demo on an example stack: laid out and running as its team has it, then taken over by Lastgood.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { ok, type Result } from "../../core/result.ts";
import { openController } from "../controller.ts";
import { demoWatch, freePort, type Stage } from "../stage.ts";
import { stackConfig } from "./config.ts";
import { demoEngine } from "./engine.ts";
import { layStack } from "./lay.ts";
import type { StackName } from "./stack.ts";

export async function setStackStage(
  kind: StackName,
  folder: string,
  say: (line: string) => void,
): Promise<Result<Stage>> {
  const engine = await demoEngine();
  if (!engine.ok) return engine;
  const { docker } = engine.value;
  const stack = await layStack(kind, { docker, root: folder }).catch(async (error: unknown) => {
    await engine.value.stop();
    throw error;
  });
  const takeDown = async () => {
    await stack.stop();
    await engine.value.stop();
  };
  try {
    say(
      `0. The stack ${kind} comes up as its team starts it: docker compose up. Lastgood has no part in this.`,
    );
    await stack.up();
    const asked = {
      docker,
      state: join(folder, "state"),
      watch: demoWatch,
      controllerPort: await freePort(),
    };
    const file = join(stack.dir, "lastgood.yml");
    await writeFile(file, stackConfig(stack, asked));
    const opened = await openController(file, say);
    if (!opened.ok) {
      await takeDown();
      return opened;
    }
    const { untilWatched, events, state, deploy } = opened.value;
    return ok({
      url: stack.publicUrl,
      paths: stack.paths,
      perSecond: 60,
      ordersUrl: `${stack.publicUrl}${stack.paths.base}`,
      first: "v7",
      async deploy(version, wait) {
        await stack.setVersion(version);
        return deploy(version, wait);
      },
      untilWatched,
      events,
      state,
      close: () => opened.value.close(takeDown),
    });
  } catch (error) {
    await takeDown();
    throw error;
  }
}
