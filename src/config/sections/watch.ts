// `watch:` how a fresh release is observed until it counts as good.
import { z } from "zod";
import { limits } from "../../core/limits.ts";
import { durationText } from "../duration.ts";
import { complain, duration, name, share, urlPath } from "../values.ts";

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
    integrity: duration(1).prefault("5m").meta({
      description:
        "Pause between two looks at the data while a release is watched: what `integrity:` names is asked, and what is broken is decided on.",
    }),
    always: z.boolean().prefault(true).meta({
      description:
        "Go on listening when the watch is over: to errors, payments, answer times and what stays away, beside what is usual. What is found is looked into, never rolled back by default; at most one false finding in a hundred days.",
    }),
    payments: z.array(urlPath("/api/payments")).prefault([]).meta({
      description:
        "Routes on which people pay, as the access log has them; `*` at the end stands for anything. Failing attempts are counted beside what is usual: declines are normal.",
    }),
    events: z
      .record(name("order"), z.array(urlPath("/api/orders")))
      .prefault({})
      .meta({
        description:
          "What people always do, by name, each with its routes. When it stays away although no request fails, that is noticed, once earlier days have shown what is usual.",
      }),
  })
  .superRefine((watch, context) => {
    if (watch.check.ms <= watch.for.ms) return;
    const what = `\`check\` (${durationText(watch.check.ms)}) is longer than the whole watch (${durationText(watch.for.ms)})`;
    complain(context, ["check"], { what, fix: "write a shorter check or a longer for" });
  });
