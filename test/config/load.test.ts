import { expect, test } from "vitest";
import { environment } from "../../src/config/load.ts";
import { limits } from "../../src/core/limits.ts";
import { loaded, said, sample, spoilt, withEnv, withLines } from "./sample.ts";

const web = "environments.production.services.web";

test("the smallest config gets every default, from the limits of the product", () => {
  const config = loaded(sample);
  expect(config).toEqual({
    app: "shop",
    state: ".lastgood",
    environments: {
      production: {
        services: {
          web: {
            runtime: "process",
            source: "releases/{version}",
            command: ["node", "server.js"],
            env: {},
            health: {
              path: "/health",
              timeout: { ms: limits.healthDefaultMs },
              interval: { ms: limits.healthIntervalDefaultMs },
            },
            stopGrace: { ms: limits.stopGraceDefaultMs },
          },
        },
        traffic: {
          kind: "proxy",
          listen: { host: "127.0.0.1", port: 8080 },
          drain: { ms: limits.drainDefaultMs },
          hold: { ms: limits.holdDefaultMs },
          client: {},
        },
        strategy: "side-by-side",
        integrity: [],
        drill: { releases: false, beforeMigrations: "warn", env: {}, maxDays: 15 },
        smoke: [],
        flows: {},
        watch: {
          for: { ms: limits.watchDefaultMs },
          check: { ms: limits.watchCheckDefaultMs },
          tolerate: { fraction: 0.01 },
          waitForVerdict: true,
          integrity: { ms: 300_000 },
          always: true,
          payments: [],
          events: {},
        },
        policy: {
          release: "auto",
          migrations: "undo",
          database: "ask",
          flag: "auto",
          zone: "UTC",
          quiet: [],
          limits: { acts: 5, within: { ms: 3_600_000 }, coolDown: { ms: 0 } },
          paymentProvider: "the payment provider",
          rules: {},
        },
        keep: { releases: limits.keepGoodReleases },
        checks: {
          disks: [],
          units: [],
          sites: [],
          certificates: [],
          backupsWithin: { ms: 7 * 24 * 60 * 60_000 },
        },
        signals: {
          every: { ms: 10_000 },
          limits: {
            connections: { fraction: 0.9 },
            lockWaits: 4,
            slowAfter: { ms: 30_000 },
            slowQueries: 4,
            deadlocks: 1,
            redisMemory: { fraction: 0.95 },
            redisClients: { fraction: 0.9 },
            cpuPressure: { fraction: 0.8 },
            memoryAvailable: { fraction: 0.05 },
            diskFree: { fraction: 0.03 },
            openFiles: { fraction: 0.9 },
          },
          logs: [],
          dependencies: [],
          hooks: {},
        },
        notify: [],
      },
    },
    controller: { listen: { host: "127.0.0.1", port: 7420 } },
  });
});

test.each<[string, string, string]>([
  [
    "an unknown key at the top",
    `stat: x\n${sample}`,
    "1:1 stat: `stat` is not a known key here -> write `state` [state]",
  ],
  [
    "an unknown key in an environment",
    withLines("smok: []"),
    "11:5 environments.production.smok: `smok` is not a known key here -> write `smoke` [smoke]",
  ],
  [
    "an unknown key five levels down",
    spoilt("{ path: /health }", "{ path: /health, timeuot: 5s }"),
    `9:34 ${web}.health.timeuot: \`timeuot\` is not a known key here -> write \`timeout\` [timeout]`,
  ],
  [
    "a known key in the wrong place, which is told where it belongs",
    withLines("drain: 5s"),
    "11:5 environments.production.drain: `drain` is not a known key here -> move it to `environments.production.traffic` [environments.production.traffic.drain]",
  ],
  [
    "a key of an environment at the top",
    `${sample}traffic: {}\n`,
    "11:1 traffic: `traffic` is not a known key here -> move it to `environments.<name>` [environments.<name>.traffic]",
  ],
  [
    "a key of the top in an environment",
    withLines("controller: {}"),
    "11:5 environments.production.controller: `controller` is not a known key here -> move it to the top level of the file [controller]",
  ],
  [
    "a key of a list's items in an environment",
    withLines("get: /"),
    "11:5 environments.production.get: `get` is not a known key here -> move it to `environments.production.smoke[]` [environments.production.smoke[].get]",
  ],
  [
    "another spelling of the same words",
    withLines("database: { kind: sqlite, file: a.db, keep_backups: 3 }"),
    "11:43 environments.production.database.keep_backups: `keep_backups` is not a known key here -> write `keepBackups` [keepBackups]",
  ],
  [
    "a key that resembles one that is there already",
    spoilt("kind: proxy,", "kind: proxy, kinds: proxy,"),
    "10:29 environments.production.traffic.kinds: `kinds` is not a known key here -> remove it: `kind` is there already [kind]",
  ],
  [
    "a key that resembles nothing",
    withLines("keep: { gravity: 9 }"),
    "11:13 environments.production.keep.gravity: `gravity` is not a known key here -> remove it, or begin it with x- to keep it as a note; keys here: releases",
  ],
  [
    "a text where a list belongs",
    spoilt("[node, server.js]", "node server.js"),
    `8:18 ${web}.command: expected a list, found \`node server.js\` -> write a list, such as [node, server.js]`,
  ],
  [
    "an empty list",
    spoilt("[node, server.js]", "[]"),
    `8:9 ${web}.command: this is empty -> write a list, such as [node, server.js]`,
  ],
  [
    "a list where a map belongs",
    spoilt("{ path: /health }", "[/health]"),
    `9:17 ${web}.health: expected a map of keys, found a list -> write a map of keys, such as { path: /health }`,
  ],
  [
    "a number where text belongs",
    withEnv("{ RETRIES: 1.10 }"),
    `9:25 ${web}.env.RETRIES: expected text for a variable, found the number 1.10 -> put it in quotes: "1.10"`,
  ],
  [
    "a word where true or false belongs",
    withLines("watch: { waitForVerdict: yes }"),
    "11:30 environments.production.watch.waitForVerdict: expected true or false, found `yes` -> write true or false",
  ],
  [
    "a number out of its range",
    withLines("keep: { releases: 0 }"),
    "11:23 environments.production.keep.releases: expected a whole number from 1 to 100, found the number 0 -> write a whole number from 1 to 100, such as 5",
  ],
  [
    "a number with a fraction",
    withLines("keep: { releases: 1.5 }"),
    "11:23 environments.production.keep.releases: expected a whole number from 1 to 100, found the number 1.5 -> write a whole number from 1 to 100, such as 5",
  ],
  [
    "a word that is none of the words",
    withLines("strategy: paused"),
    "11:15 environments.production.strategy: expected side-by-side or pause, found `paused` -> write pause [pause]",
  ],
  [
    "a kind that there is not",
    spoilt("runtime: process", "runtime: proces"),
    `6:18 ${web}.runtime: expected process, found \`proces\` -> write process [process]`,
  ],
  [
    "a duration without a unit",
    spoilt("{ path: /health }", "{ path: /health, timeout: 30 }"),
    `9:43 ${web}.health.timeout: expected a duration, found the number 30 -> write a whole number and ms, s, m or h, such as 30s`,
  ],
  [
    "a duration in words",
    spoilt("{ path: /health }", "{ path: /health, timeout: 30 sec }"),
    `9:43 ${web}.health.timeout: \`30 sec\` is not a duration -> write a whole number and ms, s, m or h, such as 30s`,
  ],
  [
    "a duration that no timer can wait for",
    withLines("watch: { for: 999h }"),
    "11:19 environments.production.watch.for: `999h` is out of range -> write a duration from 1ms to 168h",
  ],
  [
    "a percentage without its sign",
    withLines("watch: { tolerate: 1 }"),
    "11:24 environments.production.watch.tolerate: expected a percentage, found the number 1 -> write a number and %, such as 1%",
  ],
  ...["0%", "100%", "250%"].map((text): [string, string, string] => [
    `a percentage of ${text}, which tolerates nothing or everything`,
    withLines(`watch: { tolerate: ${text} }`),
    `11:24 environments.production.watch.tolerate: \`${text}\` is out of range -> write more than 0% and less than 100%`,
  ]),
  [
    "a port without a host",
    spoilt("127.0.0.1:8080", "8080"),
    "10:37 environments.production.traffic.listen: expected an address to listen on, found the number 8080 -> write 127.0.0.1:8080",
  ],
  [
    "a port that there is not",
    spoilt("127.0.0.1:8080", "127.0.0.1:80800"),
    "10:37 environments.production.traffic.listen: port 80800 cannot be used -> write a port from 1 to 65535",
  ],
  [
    "a source that is the same for every version",
    spoilt("releases/{version}", "releases"),
    `7:17 ${web}.source: \`releases\` is the same folder for every version -> write {version} once where the version stands, such as releases/{version}`,
  ],
  [
    "a source with another slot",
    spoilt("releases/{version}", "releases/{tag}"),
    `7:17 ${web}.source: \`releases/{tag}\` needs {version} once and no other braces -> write {version} once where the version stands, such as releases/{version}`,
  ],
  [
    "a path that waits to be expanded",
    withLines("database: { kind: sqlite, file: $HOME/shop.db }"),
    "11:37 environments.production.database.file: `$HOME/shop.db`: variables are not filled in -> write the path itself",
  ],
  [
    "a URL with a password, which is not repeated",
    withLines("notify: [ { kind: webhook, url: 'https://me:hunter2@example.com' } ]"),
    "11:37 environments.production.notify[0].url: a URL here must not hold a user or password -> remove what stands before the @, and put secrets into files",
  ],
  [
    "a missing key, at the key that lacks it",
    spoilt("        source: releases/{version}\n", ""),
    `5:7 ${web}.source: \`source\` is missing -> add \`source: releases/{version}\` [source]`,
  ],
  [
    "a missing key at the top",
    spoilt("app: shop\n", ""),
    "1:1 app: `app` is missing -> add `app: shop` [app]",
  ],
  [
    "a missing section that takes more than a line",
    "app: shop\n",
    "1:1 environments: `environments` is missing -> add `environments:` with a map of keys [environments]",
  ],
  [
    "a key without a value",
    withLines("strategy:"),
    "11:14 environments.production.strategy: expected side-by-side or pause, found nothing -> write side-by-side or pause, or remove the line",
  ],
  [
    "no environment",
    "app: shop\nenvironments: {}\n",
    "2:1 environments: there is no environment -> write one, such as production",
  ],
  [
    "a second service",
    spoilt(
      "    traffic:",
      "      api: { runtime: process, source: 'a/{version}', command: [a], health: { path: / } }\n    traffic:",
    ),
    "10:7 environments.production.services.api: `api` is a second service; an environment has one for now -> keep `web` or `api`",
  ],
  [
    "a name that would not do as a file name",
    spoilt("  production:", "  Production/EU:"),
    '3:3 environments["Production/EU"]: `Production/EU` cannot be a name -> write up to 40 of a-z, 0-9, - and _, such as production',
  ],
  [
    "a variable that Lastgood sets itself",
    withEnv("{ PORT: '3000' }"),
    `9:16 ${web}.env.PORT: \`PORT\` is set by Lastgood for each instance -> remove it`,
  ],
  [
    "looks that are further apart than there is time",
    spoilt("{ path: /health }", "{ path: /health, timeout: 5s, interval: 5s }"),
    `9:47 ${web}.health.interval: \`interval\` (5s) is not shorter than \`timeout\` (5s): there would be one look -> write a shorter interval or a longer timeout`,
  ],
  [
    "a check that is longer than the watch",
    withLines("watch: { for: 1s, check: 2s }"),
    "11:23 environments.production.watch.check: `check` (2s) is longer than the whole watch (1s) -> write a shorter check or a longer for",
  ],
])("%s", (_, text, expected) => {
  expect(said(text)).toEqual([expected]);
});

test("all mistakes are told at once, in the order of the file, also below a misspelt key", () => {
  const text = `ap: shop
enviroments:
  production:
    services: { web: { runtime: process, sorce: 'r/{version}', command: node, health: { path: health } } }
    traffic: { kind: proxy }
    keep: { releases: many }
`;
  expect(said(text).map((line) => line.split(" -> ")[0])).toEqual([
    "1:1 ap: `ap` is not a known key here",
    "2:1 enviroments: `enviroments` is not a known key here",
    "4:42 enviroments.production.services.web.sorce: `sorce` is not a known key here",
    "4:73 enviroments.production.services.web.command: expected a list, found `node`",
    "4:95 enviroments.production.services.web.health.path: `health` is not a URL path",
    "5:5 enviroments.production.traffic.listen: `listen` is missing",
    "6:23 enviroments.production.keep.releases: expected a whole number from 1 to 100, found `many`",
  ]);
});

test("keys that begin with x- are ignored at every level, and anchors in them can be used", () => {
  const text = `x-note: anything
x-watch: &watch { for: 1h, x-why: long, tolerate: 2% }
app: shop
environments:
  x-later: { nothing: here }
  production:
    x-owner: [me]
    services:
      x-old: 1
      web:
        runtime: process
        x-y: &y true
        source: releases/{version}
        command: [node]
        env: { x-a: 1, MODE: fast }
        health: { path: /health, x-z: {} }
    traffic: { kind: proxy, listen: "[::1]:80", x-tls: later }
    watch: *watch
`;
  const { production, ...others } = loaded(text).environments;
  expect(others).toEqual({});
  expect(production?.watch).toMatchObject({ for: { ms: 3_600_000 }, tolerate: { fraction: 0.02 } });
  expect(production?.services?.["web"]?.env).toEqual({ MODE: "fast" });
  expect(production?.traffic).toMatchObject({ listen: { host: "::1", port: 80 } });
});

test("a mistake behind an alias is told once, where it stands", () => {
  const text = `x-watch: &watch { for: 1h, chek: 5s }
app: shop
environments:
  production: &production
    services: { web: { runtime: process, source: 'a/{version}', command: [a], health: { path: / } } }
    traffic: { kind: proxy, listen: 127.0.0.1:8080 }
    watch: *watch
  staging: *production
`;
  expect(said(text)).toEqual([
    "1:28 environments.production.watch.chek: `chek` is not a known key here -> write `check` [check]",
    "6:37 environments.staging.traffic.listen: port 8080 is taken by `environments.production.traffic.listen` -> write another port in one of the two",
  ]);
});

test("an environment is found by name; another name is answered with those there are", () => {
  const config = loaded(sample);
  const found = environment(config, "production");
  expect(found.ok && found.value.strategy).toBe("side-by-side");
  expect(environment(config, "prodution")).toEqual({
    ok: false,
    error: {
      code: "usage",
      what: 'there is no environment "prodution" in the config of shop',
      next: "did you mean -e production? It has: production",
    },
  });
  for (const name of ["toString", "__proto__", "constructor", ""]) {
    expect(environment(config, name)).toMatchObject({
      ok: false,
      error: { next: "use -e with one of: production" },
    });
  }
});
