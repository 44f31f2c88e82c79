// The facts around decisions as sentences; null for others.
import type { Event } from "../event.ts";

export function decisionSentence(event: Event): string | null {
  switch (event.type) {
    case "deploys.frozen":
      return `Deploys are frozen by ${event.data.by}: ${event.data.why}`;
    case "deploys.unfrozen":
      return `Deploys may go out again, says ${event.data.by}: ${event.data.why}`;
    case "investigation.opened":
      return `Investigation ${event.data.investigation} is open: ${event.data.why}`;
    case "evidence.kept":
      return `Evidence was kept: ${event.data.items.map((one) => one.what).join(", ")}.`;
    case "message.drafted":
      return `A message for ${event.data.to} is ready to send; lastgood explain shows it.`;
    default:
      return null;
  }
}
