/** Turns what was dropped, pasted or chosen into files with the keys they get in the library. */

export interface PickedFile {
  /** Where the file stood below what was dropped: `holiday/beach.jpg`. */
  readonly path: string;
  readonly file: File;
}

/** Types of pictures that browsers or systems do not know by name. */
const TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  heic: 'image/heic',
  heif: 'image/heif',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  bmp: 'image/bmp',
  svg: 'image/svg+xml',
  jxl: 'image/jxl',
};

/** What systems leave in folders and nobody means to upload. */
const CLUTTER = /(?:^|\/)(?:\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i;

/** The type to upload a file with; `undefined` for what is not a picture. */
export function pictureType({ name, type }: { name: string; type: string }): string | undefined {
  if (type.startsWith('image/')) return type;
  return type === '' ? TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] : undefined;
}

/** Formats that are pictures to people, and to no decoder here: what to do about each. */
const NOT_TAKEN: Readonly<Record<string, string>> = {
  psd: 'Photoshop files are not taken. Export it as JPEG, PNG or WebP.',
  ai: 'Illustrator files are not taken. Export it as SVG or PNG.',
  pdf: 'PDF files are not taken. Export its pages as PNG.',
  ...Object.fromEntries(
    ['cr2', 'cr3', 'nef', 'arw', 'dng', 'orf', 'raf', 'rw2'].map((ending) => [
      ending,
      'Raw files of cameras are not taken. Export it as JPEG.',
    ]),
  ),
};

/** Why a file is not taken, before anything is sent; `undefined` for what may be. */
export function whyNot(file: { name: string; type: string }): string | undefined {
  const ending = file.name.slice(file.name.lastIndexOf('.') + 1).toLowerCase();
  return NOT_TAKEN[ending] ?? (pictureType(file) ? undefined : 'It is not a picture.');
}

/** Files from an input; a chosen folder brings its paths along. */
export const fromInput = (files: readonly File[]): PickedFile[] =>
  files.map((file) => ({ path: file.webkitRelativePath || file.name, file })).filter(notClutter);

/** Files and whole folders from a drop. Must be called while the event is handled: it is empty afterwards. */
export async function fromDrop(transfer: DataTransfer): Promise<PickedFile[]> {
  const entries = [...transfer.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry() ?? item.getAsFile());
  const picked: PickedFile[] = [];
  for (const entry of entries) {
    if (entry instanceof File) picked.push({ path: entry.name, file: entry });
    else if (entry) await walk(entry, picked);
  }
  return picked.filter(notClutter);
}

/** The key for a file dropped into a folder of the library; composed Unicode, whatever the file system uses. */
export const keyFor = (folder: string, { path }: PickedFile): string => (folder + path).normalize('NFC');

const notClutter = ({ path }: PickedFile): boolean => !CLUTTER.test(path);

async function walk(entry: FileSystemEntry, into: PickedFile[]): Promise<void> {
  if (entry.isFile) {
    const file = await new Promise<File>((resolve, reject) =>
      (entry as FileSystemFileEntry).file(resolve, reject),
    );
    into.push({ path: entry.fullPath.replace(/^\//, ''), file });
    return;
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  for (;;) {
    // A reader gives a hundred entries at a time, and none when it is through.
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject),
    );
    if (some.length === 0) return;
    for (const each of some) await walk(each, into);
  }
}
