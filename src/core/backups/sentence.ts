// Facts about backups as sentences for the timeline.
import { size, span } from "../doctor/look.ts";
import type { Event } from "../event.ts";
import { triedWords } from "../flows/tried.ts";

/** Null where the event is none of ours, or no person needs to read it. */
export function backupSentence(event: Event): string | null {
  switch (event.type) {
    case "backup.taken":
      return `The backup ${event.data.backup} was taken: ${size(event.data.bytes)}, ${event.data.rows} rows.`;
    case "backup.failed":
      return `Taking a backup failed: ${ended(event.data.problem.what)}`;
    case "backup.verified":
      return event.data.problem
        ? `The backup ${event.data.backup} is not right: ${ended(event.data.problem.what)}`
        : `The bytes of ${event.data.backup} are what they were.`;
    case "backup.copied":
      return event.data.problem
        ? `${event.data.backup} could not be copied to ${event.data.to}: ${ended(event.data.problem.what)}`
        : `${event.data.backup} lies at the second place too.`;
    case "backup.fetched":
      return event.data.problem
        ? `${event.data.backup} could not be fetched from ${event.data.from}: ${ended(event.data.problem.what)}`
        : `${event.data.backup} was fetched from the second place.`;
    case "drill.done":
      return [
        `The drill restored ${event.data.backup} in ${span(event.data.ms)}: it is right.`,
        ...(event.data.smoke ? [triedWords(event.data.smoke, "the copy")] : []),
      ].join(" ");
    case "drill.failed":
      return `The drill failed: ${ended(event.data.problem.what)}`;
    case "archive.copied":
      return `The copy ${event.data.set} of the server went into the archive: ${size(event.data.bytes)}.`;
    case "archive.verified":
      return event.data.problem
        ? `The archive is not right: ${ended(event.data.problem.what)}`
        : "All of the archive is what it was.";
    case "archive.drilled":
      return event.data.problem
        ? `The drill of the archive failed: ${ended(event.data.problem.what)}`
        : `The drill restored ${event.data.moment} from the archive in ${span(event.data.ms)}.`;
    case "integrity.passed":
      return `All ${event.data.checks} integrity checks hold (${event.data.of}).`;
    case "integrity.failed": {
      const words = event.data.failures.map(({ name, what }) => `${name}: ${what}`);
      return `Integrity is broken (${event.data.of}): ${ended(words.join("; "))}`;
    }
    default:
      return null;
  }
}

function ended(text: string): string {
  return /[.!?]$/.test(text) ? text : `${text}.`;
}
