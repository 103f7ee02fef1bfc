/** What people do to a picture before they have it twice: 31 changes, each from a picture to the bytes of a copy. */

import sharp, { type Sharp } from 'sharp';
import { numbers } from './source.ts';

export interface Change {
  readonly name: string;
  /** Whether it leaves most of the picture as it was. */
  readonly light: boolean;
  readonly make: (original: Original) => Promise<Buffer>;
}

/** A picture without transparency. */
export interface Original {
  readonly png: Buffer;
  readonly width: number;
  readonly height: number;
}

export async function originalOf(bytes: Uint8Array): Promise<Original> {
  // Half a megapixel is enough to make copies of, and quick.
  const { data, info } = await sharp(bytes)
    .rotate()
    .flatten({ background: '#ffffff' })
    .resize(720, 720, { fit: 'inside', withoutEnlargement: true })
    .toColourspace('srgb')
    .png({ compressionLevel: 1 })
    .toBuffer({ resolveWithObject: true });
  return { png: data, width: info.width, height: info.height };
}

const GOOD = { quality: 90 } as const;
const jpeg = (picture: Sharp): Promise<Buffer> => picture.jpeg(GOOD).toBuffer();

const change = (name: string, light: boolean, make: Change['make']): Change => ({ name, light, make });

const resize = (scale: number) => (original: Original) =>
  jpeg(sharp(original.png).resize(Math.max(8, Math.round(original.width * scale))));

const compress = (quality: number) => (original: Original) =>
  sharp(original.png).jpeg({ quality }).toBuffer();

/** A crop of a part of the area, a little beside the middle. */
const cropped = (area: number) => (original: Original) => {
  const side = Math.sqrt(area);
  const [width, height] = [Math.round(original.width * side), Math.round(original.height * side)];
  const left = Math.round((original.width - width) * 0.4);
  const top = Math.round((original.height - height) * 0.6);
  return sharp(original.png).extract({ left, top, width, height });
};

const rotate = (degrees: number) => (original: Original) =>
  jpeg(sharp(original.png).rotate(degrees, { background: '#000000' }));

const svg = (width: number, height: number, content: string): Buffer =>
  Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">${content}</svg>`);

const over = (content: (width: number, height: number) => string) => (original: Original) =>
  jpeg(
    sharp(original.png).composite([
      { input: svg(original.width, original.height, content(original.width, original.height)) },
    ]),
  );

const border = (part: number, background: string) => (original: Original) => {
  const size = Math.round(part * Math.max(original.width, original.height));
  return jpeg(sharp(original.png).extend({ top: size, bottom: size, left: size, right: size, background }));
};

/** Each pixel by a function of its channels. */
async function pixels(
  { png }: Original,
  each: (data: Buffer, width: number, height: number) => Buffer,
): Promise<Buffer> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const raw = { width: info.width, height: info.height, channels: 3 as const };
  return jpeg(sharp(each(data, info.width, info.height), { raw }));
}

function noisy(data: Buffer): Buffer {
  const next = numbers(data.length);
  return data.map((value) => {
    const normal = Math.sqrt(-2 * Math.log(next() + 1e-12)) * Math.cos(2 * Math.PI * next());
    return Math.max(0, Math.min(255, Math.round(value + 15 * normal)));
  }) as Buffer;
}

/** Leans the picture by a tenth: each row is narrower than the one below. */
function warped(data: Buffer, width: number, height: number): Buffer {
  const out = Buffer.alloc(data.length);
  for (let y = 0; y < height; y++) {
    // A projective map that narrows the top by 10 % at either side.
    const t = y / Math.max(1, height - 1);
    const inset = 0.1 * width * (1 - t);
    const depth = t / (0.8 + 0.2 * t);
    const sy = Math.min(height - 1, Math.round(depth * (height - 1)));
    for (let x = 0; x < width; x++) {
      const sx = Math.round(((x - inset) / Math.max(1, width - 2 * inset)) * (width - 1));
      if (sx < 0 || sx >= width) continue;
      data.copy(out, 3 * (y * width + x), 3 * (sy * width + sx), 3 * (sy * width + sx) + 3);
    }
  }
  return out;
}

const lines = (width: number, top: number, size: number): string =>
  Array.from(
    { length: 4 },
    (_, i) =>
      `<rect x="${width * 0.06}" y="${top + i * size * 1.8}" width="${width * (0.85 - 0.17 * (i % 3))}" height="${size}" fill="#888"/>`,
  ).join('');

async function screenshot(original: Original): Promise<Buffer> {
  const { width, height } = original;
  const bar = Math.round(height * 0.12);
  const text = Math.round(height * 0.22);
  const side = Math.round(width * 0.06);
  const [w, h] = [width + 2 * side, height + bar + text];
  const frame = svg(
    w,
    h,
    `<rect width="${w}" height="${h}" fill="#f4f4f6"/><rect width="${w}" height="${bar}" fill="#3b4a6b"/>` +
      `<circle cx="${bar / 2}" cy="${bar / 2}" r="${bar / 4}" fill="#fff"/>${lines(w, height + bar + text * 0.15, text * 0.1)}`,
  );
  return sharp(frame)
    .composite([{ input: original.png, left: side, top: bar }])
    .png({ compressionLevel: 1 })
    .toBuffer();
}

/** Beside another picture: stripes and discs, made up by numbers of the first one's size. */
async function collage(original: Original): Promise<Buffer> {
  const { width, height } = original;
  const next = numbers(width * 7 + height);
  const shapes = Array.from(
    { length: 24 },
    () =>
      `<circle cx="${next() * width}" cy="${next() * height}" r="${(next() * width) / 5}" fill="hsl(${next() * 360},60%,${20 + next() * 60}%)"/>`,
  );
  const other = svg(
    width,
    height,
    `<rect width="${width}" height="${height}" fill="#567"/>${shapes.join('')}`,
  );
  return jpeg(
    sharp(original.png)
      .extend({ right: width, background: '#ffffff' })
      .composite([{ input: other, left: width, top: 0 }]),
  );
}

async function mixed(original: Original): Promise<Buffer> {
  const small = await cropped(0.75)(original).linear(1.15, 8).png().toBuffer();
  const { width = 1 } = await sharp(small).metadata();
  return sharp(small)
    .resize(Math.round(width * 0.6))
    .jpeg({ quality: 40 })
    .toBuffer();
}

export const CHANGES: readonly Change[] = [
  change('resize 50 %', true, resize(0.5)),
  change('resize 25 %', true, resize(0.25)),
  change('JPEG 30', true, compress(30)),
  change('JPEG 10', true, compress(10)),
  change('crop 90 %', true, (original) => jpeg(cropped(0.9)(original))),
  change('crop 75 %', false, (original) => jpeg(cropped(0.75)(original))),
  change('crop 50 %', false, (original) => jpeg(cropped(0.5)(original))),
  change('crop 25 %', false, (original) => jpeg(cropped(0.25)(original))),
  change('rotate 3', true, rotate(3)),
  change('rotate 10', false, rotate(10)),
  change('rotate 90', false, rotate(90)),
  change('rotate 180', false, rotate(180)),
  change('mirror', false, ({ png }) => jpeg(sharp(png).flop())),
  change('brightness +30 %', true, ({ png }) => jpeg(sharp(png).linear(1.3, 0))),
  change('brightness -30 %', true, ({ png }) => jpeg(sharp(png).linear(0.7, 0))),
  change('contrast +40 %', true, ({ png }) => jpeg(sharp(png).linear(1.4, -0.4 * 128))),
  change('grey', false, ({ png }) => jpeg(sharp(png).greyscale())),
  change('hue +18', false, ({ png }) => jpeg(sharp(png).modulate({ hue: Math.round((18 / 256) * 360) }))),
  change('warm', true, ({ png }) => jpeg(sharp(png).removeAlpha().linear([1.1, 1, 0.85], [0, 0, 0]))),
  change('black border', true, border(0.08, '#000000')),
  change('white border', false, border(0.15, '#ffffff')),
  change('letterbox', false, ({ png, width, height }) => {
    const [w, h] =
      width / height < 16 / 9
        ? [Math.round((height * 16) / 9), height]
        : [width, Math.round((width * 16) / 9)];
    return jpeg(sharp(png).resize(w, h, { fit: 'contain', background: '#000000' }));
  }),
  change(
    'text bar',
    false,
    over(
      (w, h) =>
        `<rect x="${w * 0.1}" y="${h * 0.7}" width="${w * 0.8}" height="${h * 0.16}" fill="#fff"/>` +
        `<text x="${w * 0.13}" y="${h * 0.82}" font-size="${h * 0.1}" font-weight="bold">WHEN IT IS MONDAY</text>`,
    ),
  ),
  change(
    'watermark',
    true,
    over(
      (w, h) =>
        `<text x="${w * 0.12}" y="${h * 0.55}" font-size="${w * 0.13}" fill="#fff" fill-opacity="0.55" font-weight="bold">© sample</text>`,
    ),
  ),
  change(
    'sticker',
    false,
    over(
      (w, h) =>
        `<circle cx="${w * 0.66}" cy="${h * 0.34}" r="${Math.min(w, h) * 0.15}" fill="#ffd21f" stroke="#222" stroke-width="4"/>` +
        `<circle cx="${w * 0.62}" cy="${h * 0.31}" r="6"/><circle cx="${w * 0.7}" cy="${h * 0.31}" r="6"/>`,
    ),
  ),
  change('collage', false, collage),
  change('screenshot', false, screenshot),
  change('blur', true, ({ png, width, height }) =>
    jpeg(sharp(png).blur(Math.max(0.4, 0.012 * Math.max(width, height)))),
  ),
  change('noise', true, (original) => pixels(original, noisy)),
  change('perspective', false, (original) => pixels(original, warped)),
  change('mix', false, mixed),
];
