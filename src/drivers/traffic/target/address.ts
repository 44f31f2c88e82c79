// The address of a backend as it stands in nginx's configuration: nothing else may get in there.
import { ok, problem, type Result } from "../../../core/result.ts";
import type { Backend } from "../../../ports/traffic.ts";

const releases = /^[A-Za-z0-9_][A-Za-z0-9_.+@-]{0,150}$/;
const hosts = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,200})|\[[0-9a-f:]+\])$/i;
const ipv4 = /^\d{1,3}(?:\.\d{1,3}){3}$/;

/** `host:port`. With `numbersOnly` a host name is refused: nginx would have to look it up for each request. */
export function addressOf(backend: Backend, numbersOnly: boolean): Result<string> {
  const { release, url } = backend;
  if (!releases.test(release)) {
    return problem(
      "config",
      `the release's name ${release} cannot stand in nginx's configuration`,
      "name versions with letters, digits and . _ - only",
    );
  }
  const parsed = URL.canParse(url) ? new URL(url) : null;
  if (parsed?.protocol !== "http:" || parsed.pathname !== "/" || !hosts.test(parsed.hostname)) {
    return problem(
      "config",
      `nginx cannot be pointed at ${url}`,
      "let the service answer at http://host:port",
      url,
    );
  }
  const host = parsed.hostname === "localhost" ? "127.0.0.1" : parsed.hostname;
  if (numbersOnly && !ipv4.test(host) && !host.startsWith("[")) {
    return problem(
      "config",
      `nginx cannot follow the host name in ${url} without a reload`,
      "set switchBy: reload for this nginx, or use an address in numbers",
      url,
    );
  }
  return ok(`${host}:${parsed.port === "" ? "80" : parsed.port}`);
}
