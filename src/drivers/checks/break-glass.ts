// The script for the worst day: is it there, and does it bring back what is last good now.

import { appIn, releaseIn } from "../../core/break-glass/script.ts";
import { type Look, unknown, warn, well } from "../../core/doctor/look.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Files } from "../../ports/files.ts";
import type { AskVitals } from "./controller.ts";

export function breakGlassScript(
  { folder, app, env }: { readonly folder: string; readonly app: string; readonly env: string },
  ask: AskVitals,
  deps: { files: Files },
): Check {
  const path = `${folder}/${env}.sh`;
  return {
    name: "break-glass",
    about: "",
    next: null,
    async look(): Promise<Result<readonly Look[]>> {
      const next = "lastgood break-glass";
      const [text, vitals] = await Promise.all([deps.files.read(path), ask()]);
      if (!text.ok && text.error.code !== "missing") return text;
      const newest = vitals.ok
        ? vitals.value.environments.find((one) => one.env === env)?.newestGood
        : undefined;
      if (!text.ok)
        return ok([
          newest ? warn("", "there is no script yet", next) : unknown("", "no release is good yet"),
        ]);
      const release = releaseIn(text.value.toString("utf8"));
      const data = { path, release };
      if (appIn(text.value.toString("utf8")) !== app)
        return ok([
          warn("", `${path} belongs to another app`, "Give each app a state folder of its own.", data),
        ]);
      if (newest && release !== newest)
        return ok([warn("", `the script brings back ${release}, last good is ${newest}`, next, data)]);
      return ok([well("", `brings back ${release}`, data)]);
    },
  };
}
