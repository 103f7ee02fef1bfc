/** What a picture's own header tells of it: its size as seen, and what the camera wrote down. */

import readExif from 'exif-reader';
import type { PictureHeader } from './header.ts';

export interface PictureFacts {
  /** Pixels, as seen: after EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** When it was taken, by the camera's clock: ISO 8601 to the second, without a zone, since EXIF has none. */
  readonly taken?: string;
  /** Maker and model. */
  readonly camera?: string;
  /** Degrees, north and east positive. */
  readonly latitude?: number;
  readonly longitude?: number;
  /** The file is a camera's RAW: what is indexed and shown is the JPEG that the camera put in it. */
  readonly preview?: true;
}

/** Never fails: what is not written, or written wrongly, is left out. */
export function factsOf({ source, width, height, orientation, metadata }: PictureHeader): PictureFacts {
  const seen = orientation >= 5 && orientation <= 8 ? { width: height, height: width } : { width, height };
  return {
    ...seen,
    ...(metadata.exif && exifFacts(metadata.exif)),
    ...(source.kind === 'raw' && { preview: true }),
  };
}

function exifFacts(bytes: Buffer): Omit<PictureFacts, 'width' | 'height' | 'preview'> {
  try {
    const { Image, Photo, GPSInfo } = readExif(bytes);
    const taken = timeOf(Photo?.DateTimeOriginal);
    const camera = cameraOf(Image?.Make, Image?.Model);
    const latitude = degrees(GPSInfo?.GPSLatitude, GPSInfo?.GPSLatitudeRef, 'S', 90);
    const longitude = degrees(GPSInfo?.GPSLongitude, GPSInfo?.GPSLongitudeRef, 'W', 180);
    return {
      ...(taken && { taken }),
      ...(camera && { camera }),
      ...(latitude !== undefined && longitude !== undefined && { latitude, longitude }),
    };
  } catch {
    return {};
  }
}

/** The reader takes the camera's local time for UTC. */
function timeOf(value: unknown): string | undefined {
  if (!(value instanceof Date) || Number.isNaN(value.getTime())) return undefined;
  return value.getUTCFullYear() > 1800 ? value.toISOString().slice(0, 19) : undefined;
}

/** Bytes of a camera's name at most: it stands in every row of the index. */
const MAX_CAMERA_LENGTH = 64;

/** "Canon EOS 5D": many models begin with their maker's name already. */
function cameraOf(make: unknown, model: unknown): string | undefined {
  const [maker, name] = [make, model].map((text) =>
    typeof text === 'string' ? text.replaceAll(/[\p{C}\s]+/gu, ' ').trim() : '',
  ) as [string, string];
  const known = maker !== '' && name.toLowerCase().startsWith(maker.split(' ')[0]!.toLowerCase());
  const camera = (known ? name : `${maker} ${name}`).trim().slice(0, MAX_CAMERA_LENGTH);
  return camera === '' ? undefined : camera;
}

/** Degrees, minutes and seconds as degrees, to about ten centimetres; nothing where they are no place on earth. */
function degrees(parts: unknown, reference: unknown, negative: string, most: number): number | undefined {
  if (!Array.isArray(parts) || parts.length !== 3) return undefined;
  const [degree, minute, second] = parts as number[];
  const value = degree! + minute! / 60 + second! / 3_600;
  if (!Number.isFinite(value) || value < 0 || value > most) return undefined;
  const signed = reference === negative ? -value : value;
  return Math.round(signed * 1e6) / 1e6;
}
