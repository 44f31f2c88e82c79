import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import http from "node:http";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import type { Observation } from "../../../src/core/detect/finding.ts";
import { type LogFormatChoice, logSignals } from "../../../src/drivers/signals/log/log.ts";
import { foldRoute } from "../../../src/proxy/access-line.ts";
import { describeWith } from "../../parts/needs.ts";
import { backend, op, route, until, value } from "../../proxy/bed.ts";
import { deps, nginxBed } from "../traffic/nginx-bed.ts";

const withNginx = await describeWith("nginx");

const ownFormat =
  '$remote_addr [$time_local] "$request" $status $body_bytes_sent $request_time $upstream_addr "$http_user_agent" "$cookie_sid" $lastgood_web_release';
const jsonFormat =
  '{"at":"$msec","who":"$remote_addr","request":"$request","status":$status,"took":"$request_time","agent":"$http_user_agent","release":"$sent_http_x_lastgood_release"}';

const kinds: Readonly<Record<string, { readonly directive: string; readonly format: LogFormatChoice }>> = {
  combined: { directive: "access_log logs/app.log;", format: "combined" },
  "a log_format of one's own": {
    directive: `log_format own '${ownFormat}'; access_log logs/app.log own;`,
    format: { nginx: { format: ownFormat, escape: "default", client: "$cookie_sid" } },
  },
  "JSON of nginx": {
    directive: `log_format own escape=json '${jsonFormat}'; access_log logs/app.log own;`,
    format: { nginx: { format: jsonFormat, escape: "json", client: null } },
  },
};

const cleanups: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
}, 60_000);

async function start(kind: string) {
  const { directive, format } = kinds[kind] as (typeof kinds)[string];
  const nginx = await nginxBed({ switchBy: "link", inHttp: directive });
  cleanups.push(nginx.close);
  const app = await backend("v1", (request, response) => {
    response.statusCode = request.url?.startsWith("/bad") ? 500 : 200;
    response.end();
  });
  cleanups.push(app.close);
  value(await nginx.traffic.change(op("one"), 0, { backend: route(app), held: false }));
  // The clock of a log in whole seconds cannot tell anything in the second of the switch.
  const switched = Math.floor(Date.now() / 1_000);
  if (kind === "combined") await until(() => Math.floor(Date.now() / 1_000) > switched);
  const path = join(nginx.dir, "logs/app.log");
  const signals = value(
    logSignals(
      { name: "access:web", path, format },
      {
        ...deps,
        foldRoute,
        async routes() {
          const known = await nginx.traffic.history();
          if (!known.ok) return known;
          return {
            ok: true,
            value: known.value.map(({ backend: to, atMs }) => ({
              release: to?.release ?? null,
              url: to?.url ?? null,
              fromMs: atMs,
            })),
          };
        },
      },
    ),
  );
  return { nginx, signals, path };
}

function ask(agent: http.Agent, url: string, headers: Record<string, string>): Promise<number> {
  return new Promise((resolve, reject) => {
    const request = http.get(url, { agent, headers }, (response) => {
      response.resume();
      response.on("end", () => resolve(response.statusCode ?? 0));
    });
    request.on("error", reject);
  });
}

withNginx("access logs that a real nginx writes", () => {
  test.each(Object.keys(kinds))(
    "%s: each request once, through rotations by mv and reopen",
    { timeout: 120_000 },
    async (kind) => {
      const { nginx, signals, path } = await start(kind);
      let place = value(await signals.position());
      const seen: Observation[] = [];
      let unparsed = 0;
      const look = async () => {
        const batch = value(await signals.observe(place));
        seen.push(...batch.observations);
        unparsed += batch.unparsed;
        place = JSON.parse(JSON.stringify(batch.next));
      };
      const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
      const asked: string[] = [];
      const hostile = 'a "quoted" \\ agent, "x":1}';
      const rounds = 12;
      for (let round = 0; round < rounds; round += 1) {
        const paths = Array.from(
          { length: 40 },
          (_, i) => `${i % 8 === 0 ? "/bad" : "/good"}-${letters(round)}-${letters(i)}`,
        );
        asked.push(...paths);
        const answers = paths.map((one) =>
          ask(agent, `${nginx.url}${one}?q="x"`, { "user-agent": hostile, cookie: `sid=s${one.length}` }),
        );
        if (round % 3 === 1) {
          // In the middle of it, as logrotate does.
          renameSync(path, `${path}.${round}`);
          spawnSync("nginx", ["-p", nginx.dir, "-c", nginx.main, "-s", "reopen"]);
        }
        await Promise.all(answers);
        if (round % 3 === 1) await until(() => existsSync(path));
        await look();
      }
      agent.destroy();
      await until(async () => {
        await look();
        return seen.length + unparsed >= asked.length;
      });
      for (let i = 0; i < 10; i += 1) await look();
      expect(unparsed).toBe(0);
      expect(seen.map((one) => one.route).sort()).toEqual(asked.sort());
      expect(new Set(seen.map((one) => one.release))).toEqual(new Set(["v1-release"]));
      expect(
        seen.filter((one) => !one.ok).every((one) => one.route.startsWith("/bad") && one.status === 500),
      ).toBe(true);
      expect(seen.filter((one) => !one.ok)).toHaveLength(
        asked.filter((one) => one.startsWith("/bad")).length,
      );
      expect(Math.abs((seen.at(-1)?.at ?? 0) - Date.now())).toBeLessThan(60_000);
    },
  );

  test("copytruncate under a writing nginx: what is read is read once", { timeout: 60_000 }, async () => {
    const { nginx, signals, path } = await start("a log_format of one's own");
    let place = value(await signals.position());
    const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
    const seen: string[] = [];
    const look = async () => {
      const batch = value(await signals.observe(place));
      seen.push(...batch.observations.map((one) => one.route));
      place = batch.next;
    };
    const asked: string[] = [];
    for (let round = 0; round < 5; round += 1) {
      const paths = Array.from({ length: 20 }, (_, i) => `/r-${letters(round)}-${letters(i)}`);
      asked.push(...paths);
      await Promise.all(paths.map((one) => ask(agent, `${nginx.url}${one}`, {})));
      await until(() => existsSync(path) && readFileSync(path, "utf8").includes(paths.at(-1) ?? "-"));
      if (round % 2 === 0) await look();
      if (round % 2 === 1) {
        writeFileSync(`${path}.1`, readFileSync(path));
        writeFileSync(path, "");
      }
    }
    agent.destroy();
    await until(async () => {
      await look();
      return seen.length >= asked.length;
    });
    for (let i = 0; i < 5; i += 1) await look();
    expect(seen.sort()).toEqual(asked.sort());
  });
});

/** A number in letters: digits would be folded. */
function letters(number: number): string {
  return [...String(number)].map((digit) => "abcdefghij"[Number(digit)]).join("");
}
