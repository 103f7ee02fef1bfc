/** Turns what was dropped, pasted or chosen into files with the keys they get in the library. */

export interface PickedFile {
  /** Where the file stood below what was dropped: `holiday/beach.jpg`. */
  readonly path: string;
  readonly file: File;
}

/** Types of pictures, most of which browsers or systems do not know by name: as the server knows them. */
const TYPES: Readonly<Record<string, string>> = {
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  jpe: 'image/jpeg',
  jfif: 'image/jpeg',
  png: 'image/png',
  apng: 'image/png',
  webp: 'image/webp',
  gif: 'image/gif',
  avif: 'image/avif',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  svg: 'image/svg+xml',
  bmp: 'image/bmp',
  heic: 'image/heic',
  heif: 'image/heif',
  hif: 'image/heif',
  avifs: 'image/avif',
  mpo: 'image/jpeg',
  dng: 'image/x-adobe-dng',
  nef: 'image/x-nikon-nef',
  nrw: 'image/x-nikon-nrw',
  cr2: 'image/x-canon-cr2',
  cr3: 'image/x-canon-cr3',
  arw: 'image/x-sony-arw',
  raf: 'image/x-fuji-raf',
  rw2: 'image/x-panasonic-rw2',
  orf: 'image/x-olympus-orf',
  pef: 'image/x-pentax-pef',
  srw: 'image/x-samsung-srw',
  x3f: 'image/x-sigma-x3f',
  ico: 'image/x-icon',
  psd: 'image/vnd.adobe.photoshop',
  jp2: 'image/jp2',
  jxl: 'image/jxl',
  jxr: 'image/jxr',
};

/**
 * What a chooser of files shows. Systems do not know the types of RAW and other files, and hide what they do not know. HEIC is left to
 * `image/*`: where it is named, iPhones hand it over as it is, and as JPEG otherwise.
 */
export const CHOOSABLE: string = [
  'image/*',
  ...Object.entries(TYPES).flatMap(([ending, type]) =>
    type === 'image/heic' || type === 'image/heif' ? [] : `.${ending}`,
  ),
].join(',');

/** What systems leave in folders and nobody means to upload. */
const CLUTTER = /(?:^|\/)(?:\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i;

/** The type to upload a file with; `undefined` for what is not a picture. */
export function pictureType({ name, type }: { name: string; type: string }): string | undefined {
  if (type.startsWith('image/')) return type;
  return type === '' ? TYPES[name.slice(name.lastIndexOf('.') + 1).toLowerCase()] : undefined;
}

/** Formats that are pictures to people, and to no decoder here: what to do about each. */
const NOT_TAKEN: Readonly<Record<string, string>> = {
  ai: 'Illustrator files are not taken. Export it as SVG or PNG.',
  pdf: 'PDF files are not taken. Export its pages as PNG.',
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
