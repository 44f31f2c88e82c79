// Where the examples and the packages lie, seen from here and from the compiled copy of this file.
import { fileURLToPath } from "node:url";

const at = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const examples = at("../../../examples/");
export const packages = at("../../../node_modules/");
/** What starts engines and makes images: in a clone, not in the package. */
export const tools = at("../../../scripts/");
/** The shop's versions are made by a script of its own, which is not compiled. */
export const versionMaker = new URL("../../../examples/shop/make-versions.mjs", import.meta.url).href;
