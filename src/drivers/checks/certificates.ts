// Certificates: when they run out, read from files or from what a server shows.
import { X509Certificate } from "node:crypto";
import { bad, type Look, warn, well } from "../../core/doctor/look.ts";
import { ok, problem, type Result } from "../../core/result.ts";
import type { Check, ShownCertificate } from "../../ports/checkup.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Files } from "../../ports/files.ts";

const dayMs = 86_400_000;
/** Renewal is due a month before the end with the usual issuers; at a week something is broken. */
const warnDays = 21;
const badDays = 7;

export function certificateFile(path: string, deps: { files: Files; clock: Clock }): Check {
  return {
    name: "certificate",
    about: path,
    next: null,
    async look() {
      const text = await deps.files.read(path);
      if (!text.ok) return text;
      return lookAt(path, text.value.toString("latin1"), deps.clock.now(), null);
    },
  };
}

export function certificateOf(url: string, deps: { shown: ShownCertificate; clock: Clock }): Check {
  const { hostname: host, port } = new URL(url);
  return {
    name: "certificate",
    about: host,
    next: `Nobody answers there: curl -v ${url}`,
    async look(signal) {
      const shown = await deps.shown({ host, port: Number(port || 443) }, signal);
      return shown.ok ? lookAt(host, shown.value.pem, deps.clock.now(), shown.value.distrust) : shown;
    },
  };
}

export function lookAt(
  about: string,
  pem: string,
  now: number,
  distrust: string | null,
): Result<readonly Look[]> {
  const certificate = parsed(pem);
  if (certificate === null)
    return problem(
      "failed",
      `there is no certificate in ${about}`,
      "Put the file right: PEM, the server's own first.",
    );
  const endsAt = Date.parse(certificate.validTo);
  const days = Math.floor((endsAt - now) / dayMs);
  const beganAt = Date.parse(certificate.validFrom);
  const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  const data = { endsAt, beganAt, fingerprint, days, subject: certificate.subject ?? "", distrust };
  const next = "Renew it: certbot renew, then lastgood restart nginx";
  if (endsAt <= now) return ok([bad(about, `has run out ${-days} days ago`, next, data)]);
  if (days < badDays) return ok([bad(about, `runs out in ${days} days`, next, data)]);
  if (distrust !== null)
    return ok([warn(about, `is not trusted: ${distrust}; ${days} days left`, null, data)]);
  return ok([
    days < warnDays ? warn(about, `runs out in ${days} days`, next, data) : well(about, `${days} days`, data),
  ]);
}

function parsed(pem: string): X509Certificate | null {
  try {
    return new X509Certificate(pem);
  } catch {
    return null;
  }
}
