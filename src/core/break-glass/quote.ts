// Text for a POSIX shell: whatever stands in it, it arrives as it is.
import { type Argv, keptFolder } from "./steps.ts";

/** One word. The folder of kept files becomes the script's variable, everything else is quoted. */
export function word(text: string): string {
  if (!text.includes(keptFolder)) return quote(text);
  return text
    .split(keptFolder)
    .map((part) => (part === "" ? "" : quote(part)))
    .join('"$kept"');
}

export function quote(text: string): string {
  return /^[A-Za-z0-9_/.:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

export function command(argv: Argv): string {
  return argv.map(word).join(" ");
}

/** A line of a comment or of a sentence: nothing in it ends the line or moves the cursor. */
export function line(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]+/g, " ");
}
