/** Walks through lists that come in pages. */
import { jsonText } from '../local/printable.ts';

/** All items, page after page. */
export async function* allPages<Page extends { readonly cursor?: string | undefined }, Item>(
  getPage: (cursor: string | undefined) => Promise<Page>,
  itemsOf: (page: Page) => readonly Item[],
): AsyncGenerator<Item> {
  let cursor: string | undefined;
  do {
    const page = await getPage(cursor);
    yield* itemsOf(page);
    cursor = page.cursor;
  } while (cursor !== undefined);
}

/** Writes items as one JSON array, an item a line, without holding them all. */
export async function writeJsonArray(
  items: AsyncIterable<unknown>,
  write: (line: string) => void,
): Promise<void> {
  let previous: string | undefined;
  write('[');
  for await (const item of items) {
    if (previous !== undefined) write(`${previous},`);
    previous = jsonText(item);
  }
  if (previous !== undefined) write(previous);
  write(']');
}
