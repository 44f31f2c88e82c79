// A small app with what real ones have: sign-in with a form and a cookie, a token on a page, JSON, redirects.
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

export type App = { readonly url: string; readonly seen: string[]; close(): Promise<void> };

export const password = 'p&ss "word"';

export async function startApp(options: { readonly broken?: boolean } = {}): Promise<App> {
  const seen: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const path = request.url ?? "";
    seen.push(`${request.method} ${path} ${request.headers.cookie ?? "-"}`);
    if (path === "/login" && request.method === "GET") {
      response.setHeader("content-type", "text/html");
      response.end('<form><input name="csrf" value="t0k3n-1234"></form>');
    } else if (path === "/login") {
      const form = new URLSearchParams(body);
      const right = form.get("csrf") === "t0k3n-1234" && form.get("password") === password;
      if (right) response.setHeader("set-cookie", ["sid=abcdef; Path=/; HttpOnly", "theme=dark; Path=/"]);
      response.statusCode = right ? 302 : 401;
      if (right) response.setHeader("location", "/me");
      response.end(right ? "" : `wrong: ${body}`);
    } else if (request.headers.cookie?.includes("sid=abcdef") !== true) {
      response.statusCode = 403;
      response.end("who are you?");
    } else if (path === "/orders") {
      const order = JSON.parse(body) as { item: string };
      response.statusCode = options.broken ? 500 : 201;
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ id: 42, item: order.item, state: "open" }));
    } else {
      response.setHeader("content-type", "application/json");
      response.end(JSON.stringify({ path, state: "paid" }));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    close: () => new Promise((resolve) => void server.close(() => resolve())),
  };
}

async function text(request: IncomingMessage): Promise<string> {
  let all = "";
  for await (const chunk of request) all += String(chunk);
  return all;
}
