// Facts about flags as sentences of the timeline.
import type { Event } from "../event.ts";

/** Null for what is not about flags, or what no person needs to read. */
export function flagSentence(event: Event): string | null {
  switch (event.type) {
    case "flag.definitions-changed":
      return `The flag definitions changed: ${event.data.changed.join(", ") || "nothing that apps see"}.`;
    case "flag.definitions-refused":
      return `New flag definitions were refused: ${event.data.why.split("\n", 1)[0]}`;
    case "flag.switched": {
      const { flag, variant, by, why, incident } = event.data;
      return `${flag} was switched to ${variant} by ${by}: ${why}${incident ? ` (${incident})` : ""}.`;
    }
    case "flag.lifted":
      return `The rules of ${event.data.flag} count again, by ${event.data.by}: ${event.data.why}.`;
    case "flag.confirmed": {
      const { flag, confirmed, missing, ms } = event.data;
      const not = missing.length > 0 ? `, but not by ${missing.join(", ")}` : "";
      return `${flag} was confirmed by ${confirmed} processes in ${ms} ms${not}.`;
    }
    case "flag.forced": {
      const { flag, instance, by, done, why } = event.data;
      return `${by} switched ${flag} in ${instance} through its inspector${done ? "" : " in vain"}: ${why}.`;
    }
    case "flag.key-added":
      return `Key ${event.data.key} for reading flags was made by ${event.data.by}: ${event.data.label}.`;
    case "flag.key-revoked":
      return `Key ${event.data.key} for reading flags was revoked by ${event.data.by}.`;
    case "flag.guarded":
      return `Watching the switch of ${event.data.flag} to ${event.data.variant}.`;
    case "flag.guard-ended": {
      const { flag, outcome, why, undone, incident } = event.data;
      const then = undone
        ? ` It was switched back (${incident}).`
        : incident
          ? ` A person is asked (${incident}).`
          : "";
      return `The watch of ${flag} ended: ${outcome}. ${why}${then}`;
    }
    default:
      return null;
  }
}
