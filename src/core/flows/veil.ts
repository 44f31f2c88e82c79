// Secrets taken out of a text that people will read, in every form in which a flow may have sent them.

const shown = "[secret]";

/** The longest first, so that a secret that holds another is not left half. */
export function veil(text: string, secrets: readonly string[]): string {
  const forms = secrets.flatMap(formsOf).filter((one) => one !== "");
  return [...new Set(forms)]
    .sort((a, b) => b.length - a.length)
    .reduce((out, one) => out.replaceAll(one, shown), text);
}

function formsOf(secret: string): readonly string[] {
  const form = new URLSearchParams({ a: secret }).toString().slice(2);
  return [secret, encodeURIComponent(secret), form, JSON.stringify(secret).slice(1, -1)];
}
