/** Pictures out of the page: as files in a zip, or as a list of what is known of them. */

import { downloadZip } from 'client-zip';
import type { Client } from '../../client/index.ts';
import type { ShownPicture } from '../library/sequence.ts';

/** Saves pictures as one zip, under their keys. They come one after the other and are not compressed: pictures are. */
export async function saveZip(
  client: Client,
  pictures: readonly ShownPicture[],
  onProgress: (done: number) => void,
): Promise<void> {
  async function* files() {
    for (const [at, picture] of pictures.entries()) {
      onProgress(at);
      const input = await original(client, picture);
      yield { name: picture.key, lastModified: new Date(picture.lastModified), input };
    }
  }
  const blob = await downloadZip(files()).blob();
  save('pictures.zip', blob);
}

/** A signed URL expires; then the API is asked for a fresh one. */
async function original(client: Client, { key, url }: ShownPicture): Promise<Response> {
  const first = url === undefined ? undefined : await fetch(url);
  if (first?.ok) return first;
  const now = await client.image(key);
  const second = now.state === 'indexed' ? await fetch(now.url) : undefined;
  if (!second?.ok) throw new Error(`"${key}" could not be fetched`);
  return second;
}

/** Saves a text as a file. */
export const download = (name: string, type: string, text: string): void =>
  save(name, new Blob([text], { type }));

function save(name: string, blob: Blob): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  // The browser takes the blob after the click; a minute is more than it needs.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}

const COLUMNS = [
  'key',
  'size',
  'contentType',
  'lastModified',
  'width',
  'height',
  'taken',
  'camera',
  'latitude',
  'longitude',
  'score',
] as const;

/** RFC 4180, with a column for each metadata name that one of them has. */
export function toCsv(pictures: readonly ShownPicture[]): string {
  const names = [...new Set(pictures.flatMap(({ metadata = {} }) => Object.keys(metadata)))].sort();
  const rows = pictures.map((picture) => {
    const known = picture as unknown as Readonly<Record<string, unknown>>;
    return [...COLUMNS.map((column) => known[column]), ...names.map((name) => picture.metadata?.[name])];
  });
  return [[...COLUMNS, ...names], ...rows].map((row) => row.map(cell).join(',')).join('\r\n');
}

export function toJson(pictures: readonly ShownPicture[]): string {
  // Addresses expire, and say nothing about a picture.
  const known = pictures.map(({ url: _, ...rest }) => rest);
  return JSON.stringify(known, undefined, 2);
}

/** A cell that begins like a formula would be run by a spreadsheet. */
function cell(value: unknown): string {
  const text = value === undefined ? '' : String(value);
  const harmless = typeof value === 'string' && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}
