/** The table of docs/formats.md, written from the kinds that `npm run test:files` tries. */

import { readFile } from 'node:fs/promises';
import { KINDS } from './kinds.ts';
import { ADD_DECODER } from './kinds-others.ts';

export const DOCUMENT = new URL('../../docs/formats.md', import.meta.url);

/** What is said of a format beside its kinds. */
const NOTES: Readonly<Record<string, string>> = {
  JPEG: 'YCCK too',
  PNG: '16 bit becomes 8',
  RAW: "by the largest JPEG that the camera put in the file, of at least 512 pixels; it is that JPEG, turned as the camera says, and not the sensor's own data, which are not developed",
  TIFF: 'of several pages the first',
  HEIC: 'its codec is patented: see below',
  SVG: 'drawings can run code and fetch other files',
};

const START = /(<!-- kinds: .*? -->\n)/;
const END = '<!-- /kinds -->';

/** The document as it stands, and as it has to be. */
export async function documents(): Promise<{ readonly now: string; readonly wanted: string }> {
  const now = await readFile(DOCUMENT, 'utf8');
  const [before, mark, rest] = now.split(START) as [string, string, string];
  const after = rest.slice(rest.indexOf(END));
  return { now, wanted: `${before}${mark}\n${table()}\n${after}` };
}

function table(): string {
  const formats = [...new Set(KINDS.map(({ format }) => format))];
  const rows = formats.map((format) => {
    const kinds = KINDS.filter((kind) => kind.format === format);
    const taken = kinds.some(({ says }) => says === ADD_DECODER)
      ? 'with a package that you add'
      : listed(kinds.filter(({ outcome }) => outcome === 'taken').map(({ name }) => name));
    const codes = [...new Set(kinds.map(({ outcome }) => outcome))].filter((code) => code !== 'taken');
    const refused = codes.map((code) => {
      const names = kinds.filter(({ outcome }) => outcome === code).map(({ name }) => name);
      return names.every((name) => name === 'any') ? `\`${code}\`` : `\`${code}\`: ${listed(names)}`;
    });
    return `| ${format} | ${taken || 'no'} | ${refused.join('; ')} | ${NOTES[format] ?? ''} |`;
  });
  return `| Format | Taken | Refused | Notes |\n|---|---|---|---|\n${rows.join('\n')}\n`;
}

const listed = (names: readonly string[]): string => [...new Set(names)].join(', ');
