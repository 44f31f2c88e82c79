// What the YAML parser's complaints mean to a person, by its error codes.

type Words = { readonly what: string; readonly fix: string };

const quoting = 'put the value in quotes: "…"';

const words: Readonly<Record<string, Words>> = {
  TAB_AS_INDENT: {
    what: "a tab indents this line; YAML allows only spaces",
    fix: "replace the tab by spaces",
  },
  BAD_INDENT: {
    what: "this line does not line up with the lines around it",
    fix: "indent keys of one map by the same number of spaces, and close brackets on the same or a deeper level",
  },
  MULTILINE_IMPLICIT_KEY: {
    what: "a line here is not `key: value`",
    fix: "write a colon and a space after the key",
  },
  BLOCK_AS_IMPLICIT_KEY: {
    what: "a key stands inside a value",
    fix: 'put a value that has ": " in it in quotes, and line up keys of one map',
  },
  BAD_SCALAR_START: { what: "a value cannot begin with this character", fix: quoting },
  MISSING_CHAR: {
    what: "something is not closed or not separated",
    fix: "look for a missing quote, comma, colon or bracket",
  },
  MULTIPLE_DOCS: { what: "a second document begins here", fix: "one app a file: remove the line ---" },
  NON_STRING_KEY: { what: "a key must be a plain word", fix: "write a word before the colon" },
  RESOURCE_EXHAUSTION: { what: "this is nested too deeply", fix: "remove brackets or levels" },
  TAG_RESOLVE_FAILED: { what: "tags such as !name are not read", fix: "remove the word that begins with !" },
};

export function yamlWords(code: string, message: string): Words {
  return words[code] ?? { what: `this is not YAML: ${message}`, fix: "mend this line" };
}
