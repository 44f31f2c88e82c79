// @openfeature/ofrep-web-provider, unmodified, in a page of a real browser, from another origin than the service.
import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { join } from "node:path";
import { chromium as playwright } from "playwright-core";
import { expect, test } from "vitest";
import { chromium } from "../parts/chromium.ts";
import { describeWith } from "../parts/needs.ts";
import { boolean, flagBed, until } from "./bed.ts";

const packages = join(import.meta.dirname, "../../node_modules/@openfeature");
const modules: Readonly<Record<string, string>> = {
  "@openfeature/ofrep-web-provider": "ofrep-web-provider/index.esm.js",
  "@openfeature/ofrep-core": "ofrep-web-provider/node_modules/@openfeature/ofrep-core/index.esm.js",
  "@openfeature/web-sdk": "web-sdk/dist/esm/index.js",
  "@openfeature/core": "core/dist/esm/index.js",
};

/** The packages as they are, by an import map: no bundler. */
function page(): string {
  const imports = Object.fromEntries(Object.entries(modules).map(([name, file]) => [name, `/${file}`]));
  return `<!doctype html><script type="importmap">${JSON.stringify({ imports })}</script><script type="module">
import { OpenFeature, ProviderEvents } from "@openfeature/web-sdk";
import { OFREPWebProvider } from "@openfeature/ofrep-web-provider";
window.begin = async (baseUrl, key) => {
  await OpenFeature.setContext({ targetingKey: "ann", plan: "pro" });
  const provider = new OFREPWebProvider({ baseUrl, headers: [["authorization", "Bearer " + key]] });
  await OpenFeature.setProviderAndWait(provider);
  window.flags = OpenFeature.getClient();
};
</script>`;
}

async function site(): Promise<{ readonly url: string; readonly server: Server }> {
  const server = createServer((request, answer) => {
    const file = Object.values(modules).find((one) => request.url === `/${one}`);
    answer.setHeader("content-type", file ? "text/javascript" : "text/html");
    answer.end(file ? readFileSync(join(packages, file)) : page());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { url: `http://127.0.0.1:${(server.address() as { port: number }).port}`, server };
}

type Page = {
  begin(url: string, key: string): Promise<void>;
  flags: { getBooleanValue(name: string, otherwise: boolean): boolean };
};

const withBrowser = await describeWith("chromium");
withBrowser("a page in Chromium", () => {
  test("has the flags of its user, and sees a kill without being loaded again", async () => {
    const targeting = { if: [{ "==": [{ var: "plan" }, "pro"] }, "on", "off"] };
    const bed = await flagBed({ flags: { fancy: { ...boolean, targeting } } });
    const { url, server } = await site();
    const browser = await playwright.launch({ ...(await chromium()), args: [...(await chromium()).args] });
    try {
      const tab = await browser.newPage();
      await tab.goto(url);
      await tab.waitForFunction("window.begin !== undefined");
      await tab.evaluate(
        ([at, key]) => (globalThis as unknown as Page).begin(at ?? "", key ?? ""),
        [bed.url, bed.key],
      );
      const isOn = () => (globalThis as unknown as Page).flags.getBooleanValue("fancy", false);
      expect(await tab.evaluate(isOn)).toBe(true);
      await until(() => bed.env.pages.count() === 1);
      await bed.turn("fancy", "off");
      await tab.waitForFunction("window.flags.getBooleanValue('fancy', true) === false", null, {
        timeout: 20_000,
      });
    } finally {
      await browser.close();
      server.close();
      server.closeAllConnections();
      await bed.close();
    }
  }, 120_000);
});
