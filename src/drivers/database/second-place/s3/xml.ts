// The little XML that object stores speak: flat elements, no attributes that matter, no mixed content.

/** Text of the first such element; null where there is none. */
export function textOf(xml: string, tag: string): string | null {
  return blocksOf(xml, tag)[0] ?? null;
}

/** What stands in each such element. They do not lie in each other. */
export function blocksOf(xml: string, tag: string): readonly string[] {
  const found: string[] = [];
  for (const [, inner = ""] of xml.matchAll(new RegExp(`<${tag}(?:\\s[^>]*)?>([^]*?)</${tag}>`, "g")))
    found.push(plain(inner));
  return found;
}

const entities: Readonly<Record<string, string>> = { lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" };

/** Only of texts: what holds elements has no entities of its own to lose. */
function plain(inner: string): string {
  if (inner.includes("<")) return inner;
  return inner.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
  });
}

export function escaped(text: string): string {
  return text.replace(/[<>&]/g, (sign) => ({ "<": "&lt;", ">": "&gt;", "&": "&amp;" })[sign] ?? sign);
}
