import { expect, test } from "vitest";
import { logRecorder } from "../../../src/drivers/signals/log/read.ts";
import { value } from "../../proxy/bed.ts";
import { line } from "./log-bed.ts";

const caddy = `{"ts":971186136.5,"request":{"remote_ip":"203.0.113.7","uri":"/","headers":{"User-Agent":["curl/8"]}},"duration":0.01,"status":503}\n`;
const traefik = `{"ClientHost":"10.0.0.9","DownstreamStatus":503,"RequestPath":"/x","StartUTC":"2000-10-10T13:55:36Z"}\n`;

test.each([
  ["combined", line("/", 503)],
  ["combined", `"${line("/", 503).trimEnd()}"\n`],
  ["common", `203.0.113.7 - - [10/Oct/2000:13:55:36 +0000] "GET / HTTP/1.1" 503 12\n`],
  ["Caddy's JSON", caddy],
  ["Traefik's JSON", traefik],
  [
    "Traefik's common format",
    '10.0.0.9 - - [10/Oct/2000:13:55:36 +0000] "GET /x HTTP/2.0" 503 11 "-" "curl/8" 17 "web@docker" "http://10.0.0.3:80" 12ms\n',
  ],
])("%s is found out", (name, text) => {
  const block = Buffer.from(`rubbish\n${text}`);
  const recorder = value(logRecorder("auto", block));
  recorder.take(block);
  expect(recorder).toMatchObject({ format: name, log: { count: 1, unparsed: 1, clients: 1 } });
  expect(recorder.log.status[0]).toBe(503);
});

test("what is in no known format is refused, with what to write", () => {
  const made = logRecorder("auto", Buffer.from("rubbish\nmore\n"));
  expect(made.ok ? "read" : made.error.next).toContain("--format");
});

test("what calls itself a robot is one client from all its addresses, a browser is not", () => {
  const from = (address: string, agent: string) => line("/", 200, agent).replace("203.0.113.7", address);
  const clients = (agent: string) => {
    const block = Buffer.from(from("10.0.0.1", agent) + from("10.0.0.2", agent));
    const recorder = value(logRecorder("combined", block));
    recorder.take(block);
    return recorder.log.clients;
  };
  expect(clients("Mozilla/5.0 (compatible; AhrefsBot/7.0; +http://ahrefs.com/robot/)")).toBe(1);
  expect(clients("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/135.0")).toBe(2);
});
