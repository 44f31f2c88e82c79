// Our lines in a container's /etc/hosts: marked, so that they are found again, and nobody else's is touched.

/** Ends each of our lines; `owner` tells ours of one service from ours of another. */
function mark(owner: string): string {
  return `# lastgood ${owner}`;
}

/** `names` lead to `ip`. Stands first, because the first line that has a name counts. The same text when repeated. */
export function withLine(text: string, owner: string, ip: string, names: readonly string[]): string {
  return `${ip}\t${names.join(" ")}\t${mark(owner)}\n${withoutLine(text, owner)}`;
}

export function withoutLine(text: string, owner: string): string {
  return text
    .split(/(?<=\n)/)
    .filter((line) => !line.trimEnd().endsWith(mark(owner)))
    .join("");
}
