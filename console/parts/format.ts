/** Numbers and times as people read them. */

const counts = new Intl.NumberFormat('en');
const days = new Intl.DateTimeFormat('en', { dateStyle: 'medium', timeStyle: 'short' });

/** 12345 -> `12,345` */
export const count = (value: number): string => counts.format(value);

/** `1 picture`, `12 pictures` */
export const plural = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** 1536 -> `1.5 KB`; decimal units, as file managers count. */
export function bytes(value: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB', 'TB'];
  const power = value < 1 ? 0 : Math.min(Math.floor(Math.log10(value) / 3), units.length - 1);
  const figure = value / 1000 ** power;
  return `${power > 0 && figure < 10 ? figure.toFixed(1) : Math.round(figure)} ${units[power]}`;
}

/** A cosine as it is shown: two decimals, cut and not rounded, so that only the same picture has 1.00; float32 may miss by a millionth. */
export const score = (value: number): string =>
  (Math.floor(Math.max(value, 0) * 100 + 1e-4) / 100).toFixed(2);

/** An ISO time in the reader's time zone. */
export const moment = (iso: string): string => days.format(new Date(iso));

const dates = new Intl.DateTimeFormat('en', { dateStyle: 'medium' });

/** The day of an ISO time in the reader's time zone. */
export const day = (iso: string): string => dates.format(new Date(iso));

/** By the camera's own clock: a zone at the end of an ISO time counts for nothing. */
const onCameraClock = (local: string): Date => new Date(local.replace(/(?:Z|[+-]\d\d:?\d\d)$/, ''));

/** When a photo was taken: an ISO time without a zone, shown as it is. */
export const takenAt = (local: string): string => days.format(onCameraClock(local));

/** Pixels, and the day on which a photo was taken, as far as they are known: `6000 × 4000, Aug 2, 2019`. */
export const pixelsAndDay = ({
  width,
  height,
  taken,
}: {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  readonly taken?: string | undefined;
}): string =>
  [width && height ? `${width} × ${height}` : '', taken ? dates.format(onCameraClock(taken)) : '']
    .filter(Boolean)
    .join(', ');

/** About how long something takes: `12 seconds`, `3 minutes`, `2 hours`. */
export function about(seconds: number): string {
  if (seconds < 60) return plural(Math.max(5, Math.ceil(seconds / 5) * 5), 'second');
  if (seconds < 3_600) return plural(Math.ceil(seconds / 60), 'minute');
  return plural(Math.ceil(seconds / 3_600), 'hour');
}

/** How long ago an ISO time was: `just now`, `4 minutes ago`. */
export function ago(iso: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(iso)) / 1000);
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${Math.floor(seconds)} seconds ago`;
  if (seconds < 3600) return `${plural(Math.floor(seconds / 60), 'minute')} ago`;
  if (seconds < 86_400) return `${plural(Math.floor(seconds / 3600), 'hour')} ago`;
  return `${plural(Math.floor(seconds / 86_400), 'day')} ago`;
}

/** Milliseconds: `8 ms`, `1.2 s` */
export const duration = (ms: number): string =>
  ms < 1000 ? `${Math.max(1, Math.round(ms))} ms` : `${(ms / 1000).toFixed(1)} s`;

/** The last part of a key: what a file manager would show. */
export const fileName = (key: string): string => key.slice(key.lastIndexOf('/') + 1) || key;

/** The folders of a key with a slash at the end, or nothing. */
export const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1);
