// Stands for the built pages of a Next.js app: one page, and the version that serves it.
import { createServer } from "node:http";
import { createLog } from "./log.mjs";
import { readSettings } from "./settings.mjs";
import { leaveGracefully } from "./stop.mjs";

const KEEP_ALIVE_MS = 65_000;

const { version, host, port } = readSettings(import.meta.dirname);
const {
  NEXT_PUBLIC_SITE: site = "site",
  NEXT_PUBLIC_API_URL: api = "/api",
  BASE_PATH: base = "",
} = process.env;
const log = createLog(version);
const page = `<!doctype html><meta charset="utf-8"><title>${site}</title><h1>${site}</h1><p>Version ${version}, API at ${api}</p>\n`;

const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
  const isHere = request.url === `${base}/` || request.url === base || request.url === `${base}/version`;
  const body =
    request.url === `${base}/version` ? JSON.stringify({ version }) : isHere ? page : "no such page\n";
  response.writeHead(isHere ? 200 : 404, {
    "content-type": body.startsWith("{") ? "application/json" : "text/html; charset=utf-8",
    "content-length": Buffer.byteLength(body),
    "x-shop-version": version,
  });
  response.end(request.method === "HEAD" ? undefined : body);
});
server.listen(port, host, () => log("info", "listening", { port }));

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.on(signal, async () => {
    await leaveGracefully(server, { accept: () => false, closeAll: async () => {} });
    process.exit(0);
  });
}
