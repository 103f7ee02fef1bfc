/** The address bar as data: everything that a view shows can be read from its URL and written back to it. */

/** A part of a picture in fractions of its width and height, 0 to 1. */
export interface Crop {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** What to search by: a picture of the library, or one that this browser keeps (see query/kept-pictures.ts). */
export type Query = { readonly key: string } | { readonly kept: string };

/** A picture of the library that a search goes by as well: towards what is like it, or away from that. */
export interface Also {
  readonly key: string;
  readonly away: boolean;
}

/** Two days (2024-07-01), both included; '' for no bound. */
export interface Days {
  readonly from: string;
  readonly to: string;
}

export interface SearchRoute {
  readonly view: 'search';
  readonly query: Query | undefined;
  readonly also: readonly Also[];
  readonly crop: Crop | undefined;
  readonly minScore: number;
  readonly prefix: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** Days between which a photo was taken. */
  readonly taken: Days;
  /** Days between which its file was last changed. */
  readonly changed: Days;
  /** Least width and height in pixels, and least bytes of the file; 0 for any. */
  readonly minWidth: number;
  readonly minHeight: number;
  readonly minBytes: number;
  /** The most of each; 0 for any. */
  readonly maxWidth: number;
  readonly maxHeight: number;
  readonly maxBytes: number;
  /** Compare what sets pictures apart from the rest of the library. */
  readonly centered: boolean;
}

export const ORDERS = ['newest', 'oldest', 'taken', 'name', 'largest', 'key'] as const;
export type Order = (typeof ORDERS)[number];

export interface LibraryRoute {
  readonly view: 'library';
  readonly prefix: string;
  /** A part of a name or of a folder. */
  readonly find: string;
  readonly order: Order;
}

/** How sure it is that pictures are the same: by their bytes, by their pixels, or by the model alone. */
export type Tier = 'identical' | 'same' | 'likely' | 'alike';

export interface DuplicatesRoute {
  readonly view: 'duplicates';
  readonly tier: Tier;
  /** Only for `alike`. */
  readonly minScore: number;
}

export type Route = (
  | SearchRoute
  | LibraryRoute
  | { readonly view: 'map' }
  | { readonly view: 'picture'; readonly key: string }
  | DuplicatesRoute
  | { readonly view: 'status' }
) & {
  /** Key of the picture that is shown large above the view. */
  readonly show?: string;
};

const DEFAULT_ORDER: Order = 'newest';
const DEFAULT_DUPLICATE_SCORE = 0.97;
export const DUPLICATES: DuplicatesRoute = {
  view: 'duplicates',
  tier: 'same',
  minScore: DEFAULT_DUPLICATE_SCORE,
};

/** A search without a query: the way in. */
export const HOME: SearchRoute = {
  view: 'search',
  query: undefined,
  also: [],
  crop: undefined,
  minScore: 0,
  prefix: '',
  metadata: {},
  taken: { from: '', to: '' },
  changed: { from: '', to: '' },
  minWidth: 0,
  minHeight: 0,
  minBytes: 0,
  maxWidth: 0,
  maxHeight: 0,
  maxBytes: 0,
  centered: false,
};

/** All pictures, or those of a folder. */
export const libraryOf = (prefix = ''): LibraryRoute => ({
  view: 'library',
  prefix,
  find: '',
  order: DEFAULT_ORDER,
});

const META = 'meta.';

/** Whether anything but the least score narrows the search. */
export const isNarrowed = ({ prefix, metadata, taken, changed, ...bounds }: SearchRoute): boolean =>
  [prefix, taken.from, taken.to, changed.from, changed.to].some((text) => text !== '') ||
  Object.keys(metadata).length > 0 ||
  bounds.minWidth + bounds.minHeight + bounds.minBytes > 0 ||
  bounds.maxWidth + bounds.maxHeight + bounds.maxBytes > 0;

/** The same search over the whole library. */
export const withoutFilters = (route: SearchRoute): SearchRoute => ({
  ...route,
  minScore: 0,
  prefix: '',
  metadata: {},
  taken: HOME.taken,
  changed: HOME.changed,
  minWidth: 0,
  minHeight: 0,
  minBytes: 0,
  maxWidth: 0,
  maxHeight: 0,
  maxBytes: 0,
});

/** Reads the part of a URL after `#`. What makes no sense is taken for its default: an old link still opens. */
export function parseRoute(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#?\/?/, '').split('?', 2);
  const params = new URLSearchParams(search);
  const show = params.get('show');
  return { ...parseView(path, params), ...(show && { show }) };
}

function parseView(path: string, params: URLSearchParams): Route {
  const prefix = params.get('prefix') ?? '';
  const key = params.get('key') ?? '';
  switch (path) {
    case 'library': {
      const order = ORDERS.find((each) => each === params.get('order')) ?? DEFAULT_ORDER;
      return { view: 'library', prefix, find: params.get('find') ?? '', order };
    }
    case 'map':
      return { view: 'map' };
    case 'picture':
      return key ? { view: 'picture', key } : libraryOf();
    case 'duplicates':
      return {
        ...DUPLICATES,
        tier:
          (['identical', 'likely', 'alike'] as const).find((each) => each === params.get('tier')) ?? 'same',
        minScore: fraction(params.get('min')) ?? DEFAULT_DUPLICATE_SCORE,
      };
    case 'status':
      return { view: 'status' };
    default: {
      const kept = params.get('kept');
      const also = (name: string, away: boolean) => params.getAll(name).map((each) => ({ key: each, away }));
      return {
        view: 'search',
        query: key ? { key } : kept ? { kept } : undefined,
        also: [...also('like', false), ...also('unlike', true)],
        crop: parseCrop(params.get('crop')),
        minScore: fraction(params.get('min')) ?? 0,
        prefix,
        metadata: Object.fromEntries(
          [...params]
            .filter(([name]) => name.startsWith(META))
            .map(([name, v]) => [name.slice(META.length), v]),
        ),
        taken: { from: day(params.get('from')), to: day(params.get('to')) },
        changed: { from: day(params.get('changed-from')), to: day(params.get('changed-to')) },
        minWidth: whole(params.get('width'), MAX_PIXELS),
        minHeight: whole(params.get('height'), MAX_PIXELS),
        minBytes: whole(params.get('bytes'), Number.MAX_SAFE_INTEGER),
        maxWidth: whole(params.get('max-width'), MAX_PIXELS),
        maxHeight: whole(params.get('max-height'), MAX_PIXELS),
        maxBytes: whole(params.get('max-bytes'), Number.MAX_SAFE_INTEGER),
        centered: params.get('centered') === 'true',
      };
    }
  }
}

/** Writes the part of a URL from `#` on; defaults are left out, so that links stay short. */
export function formatRoute(route: Route): string {
  const params = new URLSearchParams();
  switch (route.view) {
    case 'library':
      if (route.prefix) params.set('prefix', route.prefix);
      if (route.find) params.set('find', route.find);
      if (route.order !== DEFAULT_ORDER) params.set('order', route.order);
      break;
    case 'picture':
      params.set('key', route.key);
      break;
    case 'duplicates':
      if (route.tier !== 'same') params.set('tier', route.tier);
      if (route.minScore !== DEFAULT_DUPLICATE_SCORE) params.set('min', String(route.minScore));
      break;
    case 'search':
      if (route.query && 'key' in route.query) params.set('key', route.query.key);
      if (route.query && 'kept' in route.query) params.set('kept', route.query.kept);
      for (const { key, away } of route.also) params.append(away ? 'unlike' : 'like', key);
      if (route.crop) params.set('crop', formatCrop(route.crop));
      if (route.minScore > 0) params.set('min', String(route.minScore));
      if (route.prefix) params.set('prefix', route.prefix);
      for (const [name, value] of Object.entries(route.metadata)) params.set(META + name, value);
      if (route.taken.from) params.set('from', route.taken.from);
      if (route.taken.to) params.set('to', route.taken.to);
      if (route.changed.from) params.set('changed-from', route.changed.from);
      if (route.changed.to) params.set('changed-to', route.changed.to);
      if (route.minWidth > 0) params.set('width', String(route.minWidth));
      if (route.minHeight > 0) params.set('height', String(route.minHeight));
      if (route.minBytes > 0) params.set('bytes', String(route.minBytes));
      if (route.maxWidth > 0) params.set('max-width', String(route.maxWidth));
      if (route.maxHeight > 0) params.set('max-height', String(route.maxHeight));
      if (route.maxBytes > 0) params.set('max-bytes', String(route.maxBytes));
      if (route.centered) params.set('centered', 'true');
      break;
    default:
      break;
  }
  if (route.show) params.set('show', route.show);
  const search = params.toString();
  return `#/${route.view}${search && `?${search}`}`;
}

/** `x,y,width,height` with four decimals, as the API takes it. */
const formatCrop = ({ x, y, width, height }: Crop): string =>
  [x, y, width, height].map((value) => Number(value.toFixed(4))).join(',');

function parseCrop(text: string | null): Crop | undefined {
  const [x, y, width, height, ...rest] = (text ?? '').split(',').map(Number);
  if (x === undefined || y === undefined || width === undefined || height === undefined || rest.length > 0) {
    return undefined;
  }
  const inside = x >= 0 && y >= 0 && width > 0 && height > 0 && x + width <= 1.0001 && y + height <= 1.0001;
  return inside ? { x, y, width, height } : undefined;
}

function fraction(text: string | null): number | undefined {
  const value = Number(text ?? Number.NaN);
  return value >= 0 && value <= 1 ? value : undefined;
}

const day = (text: string | null): string => (/^\d{4}-\d{2}-\d{2}$/.test(text ?? '') ? (text ?? '') : '');

const MAX_PIXELS = 65_535;

function whole(text: string | null, most: number): number {
  const value = Number(text);
  return Number.isInteger(value) && value > 0 && value <= most ? value : 0;
}
