/** RAW files of nine makers: with the camera's JPEG, and with a thumbnail only. */

import type { FileKind, Making } from './file-kind.ts';
import type { MadePicture } from './made-picture.ts';
import { dngOfTiles, type Parts, RAW_FILES, sensorData } from './raw-files.ts';

const SENSOR = sensorData(20_000);

/** A thumbnail of another picture than the preview, so that it is seen which one was taken. */
const thumbnail = ({ picture }: Making): Promise<Buffer> =>
  picture.image().negate().resize(160, 120, { fit: 'fill' }).jpeg().toBuffer();

/** Above the 512 pixels from which a JPEG stands for the picture. */
const large = ({ picture }: Making): Promise<MadePicture> => picture.enlarged(3);

async function partsOf(making: Making): Promise<Required<Parts>> {
  const picture = await large(making);
  const preview = await picture.image().jpeg({ quality: 95, chromaSubsampling: '4:4:4' }).toBuffer();
  return { thumbnail: await thumbnail(making), preview, sensor: SENSOR };
}

const NO_PREVIEW = 'the JPEG that the camera put in them';

export const RAW_KINDS: readonly FileKind[] = [
  ...Object.entries(RAW_FILES).flatMap(([ending, make]): FileKind[] => [
    {
      format: 'RAW',
      ending,
      name: ending.toUpperCase(),
      outcome: 'taken',
      make: async (making) => make(await partsOf(making)),
      rendering: large,
      cosine: 0.985,
    },
    {
      format: 'RAW',
      ending,
      name: 'a thumbnail only',
      outcome: 'unsupported-format',
      says: NO_PREVIEW,
      make: async (making) => make({ thumbnail: await thumbnail(making), sensor: SENSOR }),
    },
  ]),
  {
    format: 'RAW',
    ending: 'dng',
    name: 'a DNG of JPEG tiles alone',
    outcome: 'unsupported-format',
    says: NO_PREVIEW,
    make: async (making) => dngOfTiles((await partsOf(making)).preview),
  },
];
