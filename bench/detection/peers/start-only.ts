// Rules that look at the start alone: Swarm's monitor, Kamal's health check; and the script that polls for ever.
import { each, type Peer } from "./peer.ts";

/** Swarm: a task that ends within the monitor's time fails the update. What the app answers is not looked at. */
export function swarm(monitorS: number, action: "pause" | "rollback"): Peer["decide"] {
  return ({ exitsAtS }) =>
    action === "rollback" && exitsAtS !== null && exitsAtS <= monitorS ? exitsAtS : null;
}

/** Kamal: `GET /up` each second until one answers well; then the release serves and is looked at no more. */
export function kamal(timeoutS: number, everyS: number): Peer["decide"] {
  return (view) => {
    for (const nowS of each(everyS, timeoutS)) if (view.poll(nowS)) return null;
    return timeoutS;
  };
}

/** `curl` in a loop: so many failures in a row. */
export function pollScript(everyS: number, inARow: number): Peer["decide"] {
  return (view, untilS) => {
    let failed = 0;
    for (const nowS of each(everyS, untilS)) {
      failed = view.poll(nowS) ? 0 : failed + 1;
      if (failed >= inARow) return nowS;
    }
    return null;
  };
}
