// Colour, where the terminal wants it; and text from elsewhere made harmless.

export function paint(color: boolean) {
  const with_ = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
  return { red: with_(31), green: with_(32), yellow: with_(33), dim: with_(2), bold: with_(1) };
}

/** Control and direction characters shown, not obeyed: an app's last words may hold anything. Newlines stay. */
export function harmless(text: string): string {
  return text.replace(
    /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g,
    (character) => {
      return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
    },
  );
}

/** `850 ms`, `4.2 s`, `3 min`, `2 h`, `5 d`. */
export function duration(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  if (ms < 3_600_000) return `${Math.round(ms / 60_000)} min`;
  if (ms < 48 * 3_600_000) return `${Math.round(ms / 3_600_000)} h`;
  return `${Math.round(ms / 86_400_000)} d`;
}

export function clockTime(at: number): string {
  return new Date(at).toISOString().slice(11, 19);
}

export function day(at: number): string {
  return new Date(at).toISOString().slice(0, 16).replace("T", " ");
}
