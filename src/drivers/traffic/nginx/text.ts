// The texts of our files in an nginx configuration. What comes from outside is checked before it gets here.
import { sha256 } from "../../../core/digest.ts";
import type { RouteRecord } from "../target/records.ts";
import type { NginxConfig } from "./place.ts";
import { nginxPaths } from "./place.ts";

const head = "# Written by Lastgood. What is changed here by hand is lost.\n";

/** What differs from change to change in `<name>.conf`; `address` is null where nobody gets requests. */
export type RouteText = { readonly seq: number; readonly release: string; readonly address: string | null };

/** `http {}`, where a link is read: the same for ever. */
export function linkConf(config: NginxConfig): string {
  const v = `$lastgood_${config.name}`;
  const of = (part: string, pattern: string) =>
    `map ${v}_here ${v}_${part} {\n  volatile;\n  default "";\n  "${pattern}" $${group(part)};\n}\n`;
  // PCRE takes names of up to 32 characters, and environments and services may have long ones.
  const group = (part: string) => `lg_${sha256(config.name).slice(0, 8)}_${part}`;
  const found = (part: string) => `?<${group(part)}>`;
  return [
    head,
    // Known also where only this file is included yet; the location sets it.
    `map "" ${v}_here {\n  default "";\n}\n`,
    of("seq", `~/routes/(${found("seq")}[0-9]+)/`),
    of("release", `~/routes/[0-9]+/(${found("release")}[^/-][^/]*)/[^/]+$`),
    of("address", `~/routes/[0-9]+/[^/]+/(${found("address")}[^/]+)$`),
    near(config),
  ].join("");
}

/** `http {}`, where an upstream block is loaded anew for each change. */
export function upstreamConf(config: NginxConfig, route: RouteText, marker: RouteRecord | null): string {
  const v = `$lastgood_${config.name}`;
  // nginx wants a server in an upstream; the location answers 503 before it would be asked.
  const server = route.address === null ? "127.0.0.1:9 down" : route.address;
  return [
    head,
    `# lastgood ${JSON.stringify(marker)}\n`,
    `upstream lastgood_${config.name} {\n  server ${server};\n  keepalive 32;\n}\n`,
    constant(`${v}_seq`, String(route.seq)),
    constant(`${v}_release`, route.release),
    constant(`${v}_nobody`, route.address === null ? "1" : "0"),
    near(config),
  ].join("");
}

function constant(variable: string, text: string): string {
  return `map "" ${variable} {\n  default "${text}";\n}\n`;
}

function near({ name, askFrom }: NginxConfig): string {
  const lines = ["127.0.0.0/8", "::1/128", ...askFrom].map((one) => `  ${one} 1;\n`);
  return `geo $lastgood_${name}_near {\n  default 0;\n${[...new Set(lines)].join("")}}\n`;
}

/** `server {}`: which release answers, and for this machine which change is in effect. */
export function serverText(config: NginxConfig): string {
  const { name } = config;
  const v = `$lastgood_${name}`;
  const writing = config.switchBy === "reload" ? " writing=$connections_writing" : "";
  return [
    head,
    `add_header X-Lastgood-Release ${v}_release always;\n`,
    `location = ${askPath(name)} {\n`,
    "  access_log off;\n  default_type text/plain;\n",
    `  if (${v}_near = 0) { return 404; }\n`,
    followLink(config),
    `  return 200 "lastgood seq=${v}_seq pid=$pid${writing}\\n";\n}\n`,
  ].join("");
}

/** `location {}`: instead of the address of the app. */
export function locationText(config: NginxConfig): string {
  const v = `$lastgood_${config.name}`;
  if (config.switchBy === "link") {
    const rest = `  if (${v}_address = "") { return 503; }\n  proxy_pass http://${v}_address;\n`;
    return head + (followLink(config) + rest).replaceAll(/^ {2}/gm, "");
  }
  return `${head}if (${v}_nobody) { return 503; }\nproxy_pass http://lastgood_${config.name};\n`;
}

/** `$realpath_root` resolves links anew each time it is read: the one thing of nginx that follows a rename. */
function followLink(config: NginxConfig): string {
  if (config.switchBy === "reload") return "";
  const { current } = nginxPaths(config.folderInside, config.name);
  return `  root ${current};\n  set $lastgood_${config.name}_here $realpath_root;\n`;
}

/**
 * A whole configuration with nothing but a candidate in it, for `nginx -t`. It writes no file: the mount may be
 * read-only. The user that nginx was built for need not exist in a small image.
 */
export function testText(candidate: string): string {
  return `${head}user root;\npid /dev/null;\nerror_log stderr;\nevents {}\nhttp {\n  access_log off;\n  include ${candidate};\n}\n`;
}

export function askPath(name: string): string {
  return `/.lastgood/${name}`;
}
