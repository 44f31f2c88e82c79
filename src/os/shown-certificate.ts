// The certificate that a TLS server shows to its visitors.
import { connect } from "node:tls";
import { ok, problem, type Result } from "../core/result.ts";
import type { ShownCertificate } from "../ports/checkup.ts";
import { errorCode } from "./file-problem.ts";

type Shown = Awaited<ReturnType<ShownCertificate>>;

/** Trusted or not is told, not decided here: nothing is sent over the connection. */
export const shownCertificate: ShownCertificate = ({ host, port }, signal) =>
  new Promise((resolve) => {
    if (signal.aborted) return resolve(calledOff(host));
    const servername = /^[0-9.]+$|:/.test(host) ? "" : host;
    const socket = connect({ host, port, servername, rejectUnauthorized: false });
    const finish = (result: Shown): void => {
      signal.removeEventListener("abort", abort);
      socket.destroy();
      resolve(result);
    };
    const abort = (): void => finish(calledOff(host));
    signal.addEventListener("abort", abort, { once: true });
    socket.on("error", (error) => {
      const code = errorCode(error);
      const why =
        code === "ECONNREFUSED" ? "nobody listens there" : `no TLS connection (${code ?? error.message})`;
      finish(problem("unreachable", `${host}:${port}: ${why}`, "Check that it runs, and its port."));
    });
    socket.on("secureConnect", () => {
      const shown = socket.getPeerX509Certificate();
      if (!shown)
        return finish(
          problem("failed", `${host}:${port} shows no certificate`, "Look into its TLS settings."),
        );
      const distrust = socket.authorized ? null : String(socket.authorizationError ?? "unknown");
      finish(ok({ pem: shown.toString(), distrust }));
    });
  });

function calledOff(host: string): Result<never> {
  return problem("cancelled", `${host} did not answer in time`, "Ask again.");
}
