// A second place that needs something read before it is used, such as its keys: they may be new ones the next time.
import type { Result } from "../../../core/result.ts";
import type { Shelf } from "./shelf.ts";

export function laterShelf(about: string, open: () => Promise<Result<Shelf>>): Shelf {
  const use = async <T>(act: (shelf: Shelf) => Promise<Result<T>>): Promise<Result<T>> => {
    const opened = await open();
    return opened.ok ? act(opened.value) : opened;
  };
  return {
    about,
    ready: () => use((shelf) => shelf.ready()),
    ids: () => use((shelf) => shelf.ids()),
    put: (name, source, told) => use((shelf) => shelf.put(name, source, told)),
    read: (name, offset, length) => use((shelf) => shelf.read(name, offset, length)),
    write: (name, text) => use((shelf) => shelf.write(name, text)),
    drop: (name) => use((shelf) => shelf.drop(name)),
  };
}
