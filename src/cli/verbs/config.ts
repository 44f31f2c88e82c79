// lastgood config: is the file right, and what could stand in it.
import { stopped } from "../../core/view/outcome.ts";
import type { Shared, Shown } from "../run.ts";

export async function configCommand(it: Shared, example: boolean): Promise<Shown> {
  if (example) {
    it.io.out(await it.edges.exampleConfig());
    return { exit: 0 };
  }
  const checked = await it.edges.checkConfig(it.config);
  if (!checked.ok) return stopped("config", null, checked.error);
  return {
    verb: "config",
    env: null,
    outcome: "done",
    what: checked.value,
    means: "",
    next: "lastgood deploy <version> --plan",
    problem: null,
    data: {},
  };
}
