// Clocks: is this machine's kept right, and do the other machines agree with it.
import { bad, type Look, span, unknown, warn, well } from "../../core/doctor/look.ts";
import { ok, type Result } from "../../core/result.ts";
import type { Check } from "../../ports/checkup.ts";
import type { Clock } from "../../ports/clock.ts";
import type { Host } from "../../ports/host.ts";
import { askText } from "./ask.ts";

const badSkewMs = 5_000;
const warnSkewMs = 500;

/** Asked of whoever keeps the clock here; nothing outside is asked. */
export function clockKept(deps: { host: Host }): Check {
  return {
    name: "clock",
    about: deps.host.name,
    next: "timedatectl",
    async look(signal): Promise<Result<readonly Look[]>> {
      const chrony = await askText(deps.host, ["chronyc", "-c", "tracking"], signal);
      if (chrony.ok) return ok([byChrony(deps.host.name, chrony.value)]);
      const argv = ["timedatectl", "show", "--property=NTPSynchronized,NTP"] as const;
      const systemd = await askText(deps.host, argv, signal);
      if (!systemd.ok)
        return ok([unknown(deps.host.name, "nobody here says whether the clock is kept right")]);
      if (/^NTPSynchronized=yes$/m.test(systemd.value)) return ok([well(deps.host.name, "kept right")]);
      return ok([warn(deps.host.name, "is not kept right by anybody", "timedatectl set-ntp true")]);
    },
  };
}

/** Fields of `chronyc -c tracking`: the fifth is seconds off, the last the leap status. */
function byChrony(about: string, text: string): Look {
  const fields = text.trim().split(",");
  const offMs = Math.abs(Number(fields[4])) * 1_000;
  const data = { offMs: Math.round(offMs), leap: fields.at(-1) ?? "" };
  if (/not synchroni[sz]ed/i.test(data.leap))
    return warn(about, "has nobody to set it by", "chronyc sources", data);
  return offMs > warnSkewMs
    ? warn(about, `${span(offMs)} off`, "chronyc makestep", data)
    : well(about, "kept right", data);
}

/** Another machine's clock against ours; half of the way there and back is taken off. */
export function skew(deps: { here: Clock; there: Host }): Check {
  const about = deps.there.name;
  return {
    name: "clock",
    about,
    next: `lastgood host check ${about}`,
    async look(signal): Promise<Result<readonly Look[]>> {
      const began = deps.here.now();
      const text = await askText(deps.there, ["date", "+%s.%N"], signal);
      if (!text.ok) return text;
      const middle = (began + deps.here.now()) / 2;
      const offMs = Math.abs(Number(text.value.trim()) * 1_000 - middle);
      const data = { offMs: Math.round(offMs) };
      const what = `${span(offMs)} away from ours`;
      if (!(offMs < badSkewMs)) return ok([bad(about, what, "Set both clocks: chronyc makestep", data)]);
      return ok([offMs > warnSkewMs ? warn(about, what, "chronyc sources", data) : well(about, what, data)]);
    },
  };
}
