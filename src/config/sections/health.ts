// `health:` how a service says that it is ready, whatever runs it.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { durationText } from "../duration.ts";
import { complain, duration, urlPath } from "../values.ts";

export const health = z
  .strictObject({
    path: urlPath("/health").meta({ description: "Asked with GET; any answer from 200 to 299 is healthy." }),
    timeout: duration(1).prefault(durationText(limits.healthDefaultMs)).meta({
      description:
        "How long a fresh instance may take until its first healthy answer. After that the deploy has failed.",
    }),
    interval: duration(1).prefault(durationText(limits.healthIntervalDefaultMs)).meta({
      description: "Pause between two looks.",
    }),
  })
  .superRefine(({ timeout, interval }, context) => {
    if (interval.ms < timeout.ms) return;
    const what = `\`interval\` (${durationText(interval.ms)}) is not shorter than \`timeout\` (${durationText(timeout.ms)}): there would be one look`;
    complain(context, ["interval"], { what, fix: "write a shorter interval or a longer timeout" });
  });
