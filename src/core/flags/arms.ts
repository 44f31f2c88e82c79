// Which variants of which flags a request got, as its app said it: `new-checkout=on; search=b`.

/** Variant by flag. */
export type Arms = Readonly<Record<string, string>>;

const most = 32;
const word = /^[\w.:-]{1,120}$/;

/** What cannot be read says nothing: it is a header that anybody's app may send. Null where nothing is left. */
export function armsOf(text: string): Arms | null {
  const pairs = text.split(/[;,]/, most).flatMap((part) => {
    const at = part.indexOf("=");
    const [flag, variant] = [part.slice(0, at).trim(), part.slice(at + 1).trim()];
    return at > 0 && word.test(flag) && word.test(variant) ? [[flag, variant] as const] : [];
  });
  return pairs.length === 0 ? null : Object.fromEntries(pairs);
}
