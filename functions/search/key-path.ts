/**
 * How a picture's key stands in the path of a URL.
 *
 * A key may hold any character, but a path does not arrive as it was sent: API Gateway hands its function a decoded
 * path and drops what follows a decoded `?`, URL parsers fold `.` and `..`, proxies join `//`. So a key has two
 * spellings. A plain one stands as it is, or percent-encoded where the way to the server is known to keep that. Any
 * key at all can be written as `~` and the base64url of its UTF-8 bytes, which nothing on the way has a reason to touch.
 */

const PREFIX = '~';
const SUFFIX = '/similar';

/** What a segment is made of that comes through everything as it is. */
const PLAIN_SEGMENT = /^[\w.~-]+$/;

/** Whether a key comes through everything as it is. */
const isPlain = (key: string): boolean =>
  !key.startsWith(PREFIX) &&
  !key.endsWith(SUFFIX) &&
  key.split('/').every((segment) => PLAIN_SEGMENT.test(segment) && segment !== '.' && segment !== '..');

/** The spelling of a key that survives every gateway; what the client sends. */
export function keyToPath(key: string): string {
  return isPlain(key) ? key : PREFIX + toBase64Url(key);
}

/** The key that a decoded path parameter means; `undefined` when it begins with `~` and is not base64url of UTF-8. */
export function keyFromPath(parameter: string): string | undefined {
  return parameter.startsWith(PREFIX) ? fromBase64Url(parameter.slice(PREFIX.length)) : parameter;
}

const IMAGES = '/v1/images/';

/**
 * The path of a request as routes see it: slashes inside a picture's key are encoded, so that the key is one segment
 * whether it came as `a/b.jpg` or as `a%2Fb.jpg`. A last segment `similar` belongs to the route, not to the key.
 */
export function routePath(request: Request): string {
  const { pathname } = new URL(request.url);
  if (!pathname.startsWith(IMAGES)) return pathname;
  const rest = pathname.slice(IMAGES.length);
  const suffix = rest.endsWith(SUFFIX) ? SUFFIX : '';
  const key = rest.slice(0, rest.length - suffix.length);
  return IMAGES + key.replaceAll('/', '%2F') + suffix;
}

function toBase64Url(text: string): string {
  const binary = Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): string | undefined {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
    const bytes = Uint8Array.from(binary, (char) => char.charCodeAt(0));
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined;
  }
}
