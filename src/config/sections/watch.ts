// `watch:` how a fresh release is observed until it counts as good.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { durationText } from "../duration.ts";
import { complain, duration, share } from "../values.ts";

export const watch = z
  .strictObject({
    for: duration(1).prefault(durationText(limits.watchDefaultMs)).meta({
      description:
        "How long a release is watched after it got the traffic. The release before stays ready for as long.",
    }),
    check: duration(1).prefault(durationText(limits.watchCheckDefaultMs)).meta({
      description: "Pause between two looks at probe and access log.",
    }),
    tolerate: share().prefault("1%").meta({
      description:
        "Share of failed requests that is still tolerated; where the release before had more, that counts.",
    }),
    waitForVerdict: z.boolean().prefault(true).meta({
      description:
        "When the time is over and there were too few requests to tell: true goes on watching until it is known, false ends as undecided, and the release does not count as good.",
    }),
  })
  .superRefine((watch, context) => {
    if (watch.check.ms <= watch.for.ms) return;
    const what = `\`check\` (${durationText(watch.check.ms)}) is longer than the whole watch (${durationText(watch.for.ms)})`;
    complain(context, ["check"], { what, fix: "write a shorter check or a longer for" });
  });
