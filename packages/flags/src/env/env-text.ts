// Reads the flags out of an `.env` file.

const line = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_]*)\s*=\s*(.*)$/;

/** Values by name, of names with this beginning. */
export function readEnv(text: string, prefix: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const row of text.split(/\r?\n/)) {
    const [, name = "", rest = ""] = line.exec(row) ?? [];
    if (name.startsWith(prefix) && name !== "") found.set(name, valueOn(rest));
  }
  return found;
}

function valueOn(rest: string): string {
  const quote = rest[0] ?? "";
  const end = ['"', "'", "`"].includes(quote) ? rest.indexOf(quote, 1) : -1;
  return end > 0 ? rest.slice(1, end) : rest.replace(/(\s+#.*|\s+)$/, "");
}
