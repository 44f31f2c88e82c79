// nginx and certificates, for real: a config that holds, one that does not, a certificate near its end.
import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer } from "node:tls";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { certificateFile, certificateOf } from "../../../src/drivers/checks/certificates.ts";
import { certificatePaths, nginx } from "../../../src/drivers/checks/nginx.ts";
import { systemClock } from "../../../src/os/clock.ts";
import { localHost } from "../../../src/os/exec.ts";
import { localFiles } from "../../../src/os/files.ts";
import { shownCertificate } from "../../../src/os/shown-certificate.ts";
import { freePort } from "../../parts/bed.ts";
import { describeWith } from "../../parts/needs.ts";
import { nginxBed } from "../../parts/nginx.ts";

const clock = systemClock();
const host = localHost({ PATH: process.env["PATH"] ?? "" }, clock);
const never = new AbortController().signal;
const execute = promisify(execFile);

/** A key and a certificate that ends in so many days, signed by itself. */
async function certificate(days: number): Promise<{ key: string; cert: string }> {
  const folder = mkdtempSync(join(tmpdir(), "lastgood-cert-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const key = join(folder, "key.pem");
  const cert = join(folder, "cert.pem");
  const subject = ["-subj", "/CN=localhost", "-days", String(days)];
  await execute("openssl", [
    "req",
    "-x509",
    "-newkey",
    "ed25519",
    "-nodes",
    "-keyout",
    key,
    "-out",
    cert,
    ...subject,
  ]);
  return { key, cert };
}

const withNginx = await describeWith("nginx");
withNginx("nginx", () => {
  const checkOf = (bed: Awaited<ReturnType<typeof nginxBed>>) =>
    nginx({ config: bed.configFile, prefix: bed.folder, container: null }, { host, clock });

  test("a config that holds is well, and the certificates in it are looked at", async () => {
    const { key, cert } = await certificate(4);
    const tls = await freePort();
    const bed = await nginxBed(
      ({ port }) => `
      server { listen 127.0.0.1:${port}; return 200 "ok"; }
      # ssl_certificate /not/this/one.pem;
      server { listen 127.0.0.1:${tls} ssl; server_name tls; ssl_certificate ${cert}; ssl_certificate_key ${key}; return 200 "ok"; }`,
    );
    expect(await checkOf(bed).look(never)).toMatchObject({
      ok: true,
      value: [
        { about: "config", is: "well" },
        { about: cert, is: "bad", what: expect.stringMatching(/runs out in [34] days/) },
      ],
    });
  }, 60_000);

  test("a config that would not survive a reload is bad, with the line that is wrong", async () => {
    const bed = await nginxBed(({ port }) => `server { listen 127.0.0.1:${port}; return 200 "ok"; }`);
    writeFileSync(join(bed.confFolder, "broken.conf"), "server { listen 127.0.0.1:1; nonsense on; }\n");
    const looked = await checkOf(bed).look(never);
    expect(looked).toMatchObject({
      ok: false,
      error: { what: expect.stringMatching(/unknown directive "nonsense" in .*broken\.conf:1/) },
    });
  }, 60_000);
});

test("paths are found quoted and bare, once each, and not in comments or variables", () => {
  const dump = `
  ssl_certificate /a.pem;
    ssl_certificate "/b c.pem" ;
  ssl_certificate '/d.pem'; # ssl_certificate /no.pem;
  ssl_certificate $map; ssl_certificate_key /key.pem;
  ssl_certificate /a.pem;`;
  expect(certificatePaths(dump)).toEqual(["/a.pem", "/b c.pem", "/d.pem"]);
});

test.each([
  [3, "bad"],
  [15, "warn"],
  [90, "well"],
])("a certificate file with %i days left is %s", async (days, is) => {
  const { cert } = await certificate(days);
  const looked = await certificateFile(cert, { files: localFiles(), clock }).look(never);
  expect(looked).toMatchObject({ ok: true, value: [{ is }] });
});

test("a file that is no certificate is told", async () => {
  const { key } = await certificate(9);
  const looked = await certificateFile(key, { files: localFiles(), clock }).look(never);
  expect(looked).toMatchObject({ ok: false, error: { what: expect.stringMatching(/no certificate/) } });
});

test("what a server shows is looked at as a visitor sees it: signed by itself is not trusted", async () => {
  const { key, cert } = await certificate(60);
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === "object" && address ? address.port : 0;
  const looked = await certificateOf(`https://127.0.0.1:${port}`, { shown: shownCertificate, clock }).look(
    never,
  );
  expect(looked).toMatchObject({
    ok: true,
    value: [
      {
        is: "warn",
        what: expect.stringMatching(/not trusted: DEPTH_ZERO_SELF_SIGNED_CERT; (59|60) days left/),
      },
    ],
  });
});

test("a server that speaks no TLS, and one that is not there, are told", async () => {
  const looked = await certificateOf("https://127.0.0.1:1", { shown: shownCertificate, clock }).look(never);
  expect(looked).toMatchObject({ ok: false, error: { code: "unreachable" } });
});
