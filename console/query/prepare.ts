/** Makes a picture fit to be sent as a query: what is too large for the API is made smaller here. */

/** The API takes 4.4 MiB; the difference is air for what a proxy adds. */
const MAX_BYTES = 4_000_000;
/** Eight of these fit into a request. */
const SMALL_BYTES = 300_000;
/** Far above the 256 pixels that the model looks at, so that a part of the picture still has enough of them. */
const MAX_SIDE = 2_048;

/**
 * The picture as it is when it is small enough, otherwise a smaller copy; as it is when the browser cannot read it.
 *
 * @param maxSide pixels of the longer side of a copy; when given, the picture is copied unless it has few bytes
 */
export async function prepare(picture: Blob, maxSide?: number): Promise<Blob> {
  if (picture.size <= (maxSide === undefined ? MAX_BYTES : SMALL_BYTES)) return picture;
  const smaller = await shrink(picture, maxSide ?? MAX_SIDE).catch(() => undefined);
  return smaller ?? picture;
}

/**
 * A copy whose longer side has at most `maxSide` pixels, as JPEG on white.
 *
 * @throws InvalidStateError when the browser cannot decode the picture.
 */
export async function shrink(picture: Blob, maxSide: number, quality = 0.92): Promise<Blob> {
  const bitmap = await createImageBitmap(picture);
  const scale = Math.min(1, maxSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d');
  if (!context) throw new Error('this browser gives no canvas');
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  return new Promise((resolve, reject) => {
    canvas.toBlob(
      (blob) => (blob ? resolve(blob) : reject(new Error('this browser cannot write JPEG'))),
      'image/jpeg',
      quality,
    );
  });
}
