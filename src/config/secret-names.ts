// Which settings look like secrets, by their names and by passwords inside URLs; and how to blot them out.

const secretWord = /^(KEYS?|PASS|PWD|APIKEY|CREDENTIALS?|.*(PASSWORD|PASSWD|PASSPHRASE|SECRETS?|TOKENS?))$/;
/** `JWT_SECRET_FILE` and `TOKEN_TTL` speak about a secret and hold none. */
const aboutSecret =
  /^(FILE|PATH|DIR|TTL|EXPIRY|EXPIRES|LENGTH|SIZE|LIMIT|COUNT|ALGORITHM|ISSUER|HEADER|COOKIE|NAME)$/;
const plainSetting = /^(\d{1,6}|true|false|)$/i;
const urlPassword = /(:\/\/[^\s/:@]*:)([^\s/@]+)(@)/g;
/** The look-behind keeps it linear on a line of one long word. */
const settingName = /(?<![A-Za-z0-9_])([A-Za-z_][A-Za-z0-9_]*)["']?\s*[:=]\s*/g;
const quotedValue = /"(?:[^"\\]|\\.)*"?|'(?:[^']|'')*'?/y;
/** Without quotes, a value ends at a comma or bracket only where a bracket is open: elsewhere these belong to it. */
const valueInBrackets = /[^,}\]]*/y;
const valueToTheEnd = /.*/y;

/** By the convention of environment variables: words in capitals with underscores between them. */
export function looksSecret(name: string): boolean {
  const words = name.toUpperCase().split(/[^A-Z0-9]+/);
  if (words.includes("PUBLIC") || aboutSecret.test(words.at(-1) ?? "")) return false;
  return words.some((word) => secretWord.test(word));
}

/** True where `name: value` would put a secret into the file. `MAX_TOKENS: "4096"` would not, `PASSWORD: "4096"` would. */
export function isLiteralSecret(name: string, value: string): boolean {
  if (value === "") return false;
  if (value.search(urlPassword) !== -1) return true;
  return looksSecret(name) && !(plainSetting.test(value) && !/PASS|PWD|SECRET/i.test(name));
}

/** One line with every secret blotted out, character for character, so that columns stay where they are. */
export function blot(line: string): string {
  let clean = "";
  let done = 0;
  settingName.lastIndex = 0;
  for (let match = settingName.exec(line); match !== null; match = settingName.exec(line)) {
    if (!looksSecret(match[1] ?? "")) continue;
    const begin = settingName.lastIndex;
    const plain = /[{[]/.test(line.slice(0, match.index)) ? valueInBrackets : valueToTheEnd;
    const length = lengthAt(quotedValue, line, begin) || lengthAt(plain, line, begin);
    clean += line.slice(done, begin) + "*".repeat(length);
    done = begin + length;
    settingName.lastIndex = done;
  }
  return (clean + line.slice(done)).replace(
    urlPassword,
    (_, before: string, password: string, after: string) => {
      return `${before}${"*".repeat(password.length)}${after}`;
    },
  );
}

function lengthAt(sticky: RegExp, line: string, at: number): number {
  sticky.lastIndex = at;
  return sticky.exec(line)?.[0].length ?? 0;
}
