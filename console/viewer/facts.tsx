/** What the library knows of a picture, as a list. */

import './facts.css';
import type { ShownPicture } from '../library/sequence.ts';
import { bytes, moment, takenAt } from '../parts/format.ts';
import { formatRoute, HOME } from '../route/route.ts';

/** @param seen the picture's size in pixels, as the browser has found it where the library does not know it */
export function Facts({
  picture,
  seen,
}: {
  picture: ShownPicture;
  seen?: readonly [number, number] | undefined;
}) {
  const { width = seen?.[0], height = seen?.[1], taken, camera, latitude, longitude, preview } = picture;
  return (
    <dl class="facts">
      {width && height && (
        <Fact name="Dimensions">
          {width} × {height} <span class="quiet">{((width * height) / 1e6).toFixed(1)} MP</span>
        </Fact>
      )}
      {preview && <Fact name="RAW">shown by the JPEG that the camera put in it</Fact>}
      {taken && <Fact name="Taken">{takenAt(taken)}</Fact>}
      {camera && <Fact name="Camera">{camera}</Fact>}
      {latitude !== undefined && longitude !== undefined && (
        <Fact name="Place">
          {degrees(latitude, 'N', 'S')}, {degrees(longitude, 'E', 'W')}
        </Fact>
      )}
      <Fact name="Size">
        {bytes(picture.size)} <span class="quiet">{picture.contentType}</span>
      </Fact>
      <Fact name="Changed">
        <time dateTime={picture.lastModified}>{moment(picture.lastModified)}</time>
      </Fact>
      {Object.entries(picture.metadata ?? {}).map(([name, value]) => (
        <Fact key={name} name={name}>
          <a
            href={formatRoute({ ...HOME, query: { key: picture.key }, metadata: { [name]: value } })}
            title={`Search where ${name} is ${value}`}
          >
            {value}
          </a>
        </Fact>
      ))}
      <Fact name="Key">
        <code>{picture.key}</code>
      </Fact>
    </dl>
  );
}

/** One line of a list of facts. */
function Fact({ name, children }: { name: string; children: preact.ComponentChildren }) {
  return (
    <>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </>
  );
}

const degrees = (value: number, positive: string, negative: string): string =>
  `${Math.abs(value).toFixed(4)}° ${value < 0 ? negative : positive}`;
