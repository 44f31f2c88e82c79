// `signals:` what is listened to beside access logs and our own probes. All of it may be left out.
import { z } from "zod";
import { argument, complain, count, duration, name, path, share, url, variableName } from "../values.ts";

const lastPort = 65_535;
const number = (example: number) => z.number().meta({ title: "number", examples: [example] });

const limits = z.strictObject({
  connections: share().prefault("90%").meta({ description: "Of the connections that PostgreSQL allows." }),
  lockWaits: count(0, 10_000).prefault(4).meta({
    description: "Sessions of PostgreSQL that wait longer than five seconds for a lock.",
  }),
  slowAfter: duration(100).prefault("30s").meta({ description: "A query that runs for longer is slow." }),
  slowQueries: count(0, 10_000).prefault(4).meta({ description: "Slow queries at once." }),
  deadlocks: count(0, 10_000).prefault(1).meta({ description: "Deadlocks of PostgreSQL in a minute." }),
  redisMemory: share().prefault("95%").meta({
    description:
      "Of Redis's maxmemory. It counts only where Redis refuses writes when it is full: a cache may be full.",
  }),
  redisClients: share().prefault("90%").meta({ description: "Of the clients that Redis allows." }),
  redisEvictions: count(0, 1_000_000_000)
    .optional()
    .meta({
      description:
        "Keys that Redis evicts in a minute. Left out: shown, but no trouble, because that is what caches do.",
      examples: [1_000],
    }),
  redisBlocked: count(0, 1_000_000)
    .optional()
    .meta({
      description:
        "Clients that wait in a blocking command. Left out: shown, but no trouble, because workers wait so.",
      examples: [100],
    }),
  cpuPressure: share().prefault("80%").meta({
    description: "Of the time in which work waits for a processor (/proc/pressure/cpu, ten seconds).",
  }),
  memoryAvailable: share().prefault("5%").meta({ description: "Memory of the machine that must be left." }),
  diskFree: share().prefault("3%").meta({ description: "Of each disk that must be free." }),
  openFiles: share().prefault("90%").meta({ description: "Of the open files that the kernel allows." }),
});

const log = z
  .strictObject({
    part: name("api").meta({ description: "Whose output is read: a name from `lastgood logs`." }),
    name: name("fatal").prefault("fatal").meta({ description: "What people call what is looked for." }),
    match: argument()
      .optional()
      .meta({
        description:
          "A regular expression of JavaScript, asked about each line. Left out: FATAL, PANIC, Unhandled, Uncaught or OutOfMemory.",
        examples: ["deadlock detected"],
      }),
  })
  .superRefine(({ match }, context) => {
    if (match === undefined || isRegExp(match)) return;
    const what = "`match` is not a regular expression of JavaScript";
    complain(context, ["match"], { what, fix: "mend it; a literal ( or [ needs a \\ before it" });
  });

const query = z
  .strictObject({
    name: argument().meta({ description: "What people call it.", examples: ["checkout latency"] }),
    query: argument().meta({
      description: "PromQL whose answer is a number; of several series the worst counts.",
      examples: ["sum(rate(checkout_failures_total[1m]))"],
    }),
    above: number(5).optional().meta({ description: "A value above this is a trouble." }),
    below: number(1).optional().meta({
      instead: "above",
      description: "A value below this is a trouble.",
    }),
  })
  .superRefine(({ above, below }, context) => {
    if ((above === undefined) !== (below === undefined)) return;
    complain(context, ["above"], { what: "a query has one of above and below", fix: "write one of them" });
  });

const prometheus = z.strictObject({
  url: url("http://127.0.0.1:9090").meta({ description: "Where Prometheus answers." }),
  tokenFile: path("prometheus.token").optional().meta({
    description: "A file whose content is sent as bearer token. It is never shown.",
  }),
  queries: z.array(query).min(1).meta({ description: "What is asked." }),
});

const dependency = z
  .strictObject({
    name: name("payments").meta({ description: "What people call it." }),
    url: url("https://status.example.com/ping").optional().meta({
      description: "Asked with GET. Any answer below 500 is well, as far as expect does not say otherwise.",
    }),
    expect: z
      .array(count(100, 599))
      .prefault([])
      .meta({ description: "Statuses that are well.", examples: [[200]] }),
    address: argument()
      .optional()
      .meta({
        instead: "url",
        description: "host:port, where it is enough that connections are taken.",
        examples: ["smtp.example.com:25"],
      }),
    every: duration(1_000).prefault("15s").meta({ description: "Pause between two questions." }),
  })
  .superRefine(({ url: page, address }, context) => {
    if ((page === undefined) === (address === undefined))
      complain(context, ["url"], {
        what: "a dependency has one of url and address",
        fix: "write one of them",
      });
    else if (address !== undefined && addressOf(address) === null)
      complain(context, ["address"], {
        what: `\`${address}\` is not host:port`,
        fix: "such as smtp.example.com:25",
      });
  });

const sender = (secretIs: string) =>
  z
    .strictObject({
      secretFile: path("hook.secret")
        .optional()
        .meta({ description: `A file whose content is ${secretIs}. It is never shown.` }),
      secretVariable: variableName()
        .optional()
        .meta({
          instead: "secretFile",
          description: "The variable of the controller's own environment that holds it.",
          examples: ["LASTGOOD_HOOK_SECRET"],
        }),
    })
    .superRefine(({ secretFile, secretVariable }, context) => {
      if ((secretFile === undefined) !== (secretVariable === undefined)) return;
      const what = "a webhook has one of secretFile and secretVariable";
      complain(context, ["secretFile"], { what, fix: "write one of them" });
    })
    .optional();

const hooks = z.strictObject({
  alertmanager: sender("the bearer token, or user:password").meta({
    description: "Prometheus Alertmanager: POST /hooks/alertmanager.",
  }),
  sentry: sender("the client secret of the integration").meta({ description: "Sentry: POST /hooks/sentry." }),
  stripe: sender("the endpoint's signing secret").meta({
    description: "Stripe: POST /hooks/stripe. Tells how payments end.",
  }),
  pagerduty: sender("the signing secret, or the routing key").meta({
    description: "PagerDuty, and tools that can send to its Events API: POST /hooks/pagerduty.",
  }),
  github: sender("the webhook's secret").meta({ description: "GitHub: POST /hooks/github." }),
  slack: sender("the app's signing secret").meta({
    description: "Slack: POST /hooks/slack. A person says that something is wrong.",
  }),
  generic: sender("the signing key (whsec_…) or the bearer token").meta({
    description: "Anything that can send JSON: POST /hooks/generic.",
  }),
});

export const signals = z.strictObject({
  every: duration(1_000).prefault("10s").meta({
    description: "Pause between two looks at values, states and logs.",
  }),
  limits: limits.prefault({}).meta({
    description:
      "Beyond these, three looks in a row, a value is a trouble. PostgreSQL and Redis are those of checks.",
  }),
  logs: z.array(log).prefault([]).meta({ description: "Lines of the app's own output that are counted." }),
  prometheus: prometheus.optional().meta({ description: "Values from a Prometheus." }),
  dependencies: z.array(dependency).prefault([]).meta({
    description:
      "What the app needs and Lastgood does not deploy: an outage there is not the release's fault.",
  }),
  hooks: hooks.prefault({}).meta({
    description: "Who may send webhooks to the controller's address, and how they prove who they are.",
  }),
});

function isRegExp(text: string): boolean {
  try {
    return new RegExp(text) instanceof RegExp;
  } catch {
    return false;
  }
}

/** Null where it is not host:port. */
export function addressOf(text: string): { readonly host: string; readonly port: number } | null {
  const found = /^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+):(\d{1,5})$/.exec(text);
  const port = Number(found?.[2]);
  if (!found || port < 1 || port > lastPort) return null;
  return { host: (found[1] ?? "").replace(/^\[|\]$/g, ""), port };
}
