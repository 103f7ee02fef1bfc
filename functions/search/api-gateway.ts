/** What API Gateway does to a request before its function sees it, undone. */

/** The part of an event (HTTP API, payload format 2.0) that this is about. */
interface HttpEvent {
  readonly rawPath: string;
}

/** A path that no route has. */
const NOWHERE = '/path-with-dot-segments';

/**
 * `rawPath` is decoded, whatever its name says: a `%` or `?` in it stands for itself. Encoded again, it can be part of
 * a URL. Slashes stay as they are, for nobody can tell any more which of them were encoded.
 */
export function withEncodedPath<Event extends HttpEvent>(event: Event): Event {
  // A URL would fold them, and the request would be another one than the gateway let pass. A key that has them comes
  // in its other spelling.
  if (event.rawPath.split('/').some((segment) => segment === '.' || segment === '..'))
    return { ...event, rawPath: NOWHERE };
  // Through a buffer, which puts U+FFFD for what is no Unicode and could not be encoded.
  const segments = event.rawPath
    .split('/')
    .map((segment) => encodeURIComponent(Buffer.from(segment).toString()));
  return { ...event, rawPath: segments.join('/') };
}
