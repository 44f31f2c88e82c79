// Who answered, where the log says so: one of our instances, or a service of somebody else.
import { expect, test } from "vitest";
import type { Observation } from "../../../src/core/detect/finding.ts";
import { observationOf } from "../../../src/drivers/signals/log/access-line.ts";
import { type LogFormatChoice, readerOf } from "../../../src/drivers/signals/log/log.ts";
import { logObserver } from "../../../src/drivers/signals/log/observe.ts";
import { value } from "../../proxy/bed.ts";
import { always } from "./log-bed.ts";

function seenIn(format: LogFormatChoice, lines: readonly string[]): readonly Observation[] {
  const observer = logObserver({ reader: value(readerOf(format)), foldRoute: (target) => target });
  observer.routes(always);
  const seen: Observation[] = [];
  const keep = { observation: (one: Observation) => void seen.push(one), unparsed: () => expect.fail() };
  observer.observe(Buffer.from(lines.map((line) => `${line}\n`).join("")), keep);
  return seen;
}
const who = ({ instance, upstream }: Observation) => ({ instance, upstream });

const format = '$msec $status "$request" $upstream_addr rel=$lastgood_web_release';
const nginx = { nginx: { format, escape: "default", client: null } } as const;

test("nginx: of several tries the last; what is on our own nets is an instance, what is beyond is somebody else's", () => {
  const of = (upstream: string) => `1700000000.000 502 "GET /pay HTTP/1.1" ${upstream} rel=v1`;
  const lines = [of("127.0.0.1:4001"), of("10.0.0.1:80, 10.0.0.2:80"), of("203.0.113.9:443"), of("-")];
  expect(seenIn(nginx, lines).map(who)).toEqual([
    { instance: "127.0.0.1:4001", upstream: undefined },
    { instance: "10.0.0.2:80", upstream: undefined },
    { instance: undefined, upstream: "203.0.113.9:443" },
    { instance: undefined, upstream: undefined },
  ]);
});

test("an address of the public net that is routed to is ours", () => {
  const observer = [{ release: "v1", url: "http://203.0.113.9:443", fromMs: 0 }];
  const reading = logObserver({ reader: value(readerOf(nginx)), foldRoute: (target) => target });
  reading.routes(observer);
  const seen: Observation[] = [];
  const line = `1700000000.000 502 "GET /pay HTTP/1.1" 203.0.113.9:443 rel=v1\n`;
  reading.observe(Buffer.from(line), {
    observation: (one) => void seen.push(one),
    unparsed: () => undefined,
  });
  expect(seen.map(who)).toEqual([{ instance: "203.0.113.9:443", upstream: undefined }]);
});

test("Traefik and Caddy say it in JSON", () => {
  const traefik = `{"StartUTC":"2026-01-01T00:00:00.5Z","DownstreamStatus":502,"RequestPath":"/","ClientHost":"1.2.3.4","Duration":1000000,"ServiceAddr":"10.0.0.3:80","downstream_X-Lastgood-Release":"v1"}`;
  expect(seenIn("traefik-json", [traefik]).map(who)).toEqual([
    { instance: "10.0.0.3:80", upstream: undefined },
  ]);
  const caddy = `{"ts":1700000000.5,"request":{"remote_ip":"1.2.3.4","uri":"/","headers":{}},"status":502,"duration":0.1,"upstream":"api.partner.example:443","resp_headers":{"X-Lastgood-Release":["v1"]}}`;
  expect(seenIn("caddy", [caddy]).map(who)).toEqual([
    { instance: undefined, upstream: "api.partner.example:443" },
  ]);
});

test("our own proxy names the instance", () => {
  const line = `{"at":1,"release":"v1","instance":"web-2","client":"c","method":"GET","route":"/","status":500,"ms":3,"generation":1}`;
  expect(observationOf(line)).toMatchObject({ release: "v1", instance: "web-2", ok: false });
});
