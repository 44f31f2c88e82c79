// lastgood doctor
import { exitCodes, stopped } from "../../core/view/outcome.ts";
import { doctorText } from "../format/doctor.ts";
import { type Shared, type Shown, show } from "../run.ts";

/** `env` null: all of them. */
export async function doctorCommand(it: Shared, env: string | null): Promise<Shown> {
  const beside = await it.edges.bedside({ config: it.config });
  const outcome = beside.ok ? await beside.value.doctor(env) : stopped("doctor", env, beside.error);
  if (it.json || outcome.data["checks"] === undefined) show(it, outcome);
  else it.io.out(`${doctorText(outcome, it.io)}\n`);
  return { exit: exitCodes[outcome.outcome] };
}
