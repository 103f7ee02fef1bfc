/** Small pictures in terminals that can show them. */

import { PictureDecoder } from '../pictures/decoding/decoder.ts';
import { findOptionalDecoders } from '../pictures/decoding/optional/find.ts';

type Protocol = 'kitty' | 'iterm';

/** How this terminal shows pictures; `undefined` when it does not, as far as it says. */
export function pictureProtocol(env = process.env): Protocol | undefined {
  // Inside tmux and screen the sequences do not get through.
  if (env.TMUX || env.STY) return undefined;
  if (env.KITTY_WINDOW_ID || env.TERM === 'xterm-kitty' || env.TERM_PROGRAM === 'ghostty') return 'kitty';
  return ['iTerm.app', 'WezTerm', 'mintty'].includes(env.TERM_PROGRAM ?? '') ? 'iterm' : undefined;
}

const ROWS = 4;
const PIXELS = 160;
/** Kitty takes a picture in pieces of at most this many characters. */
const KITTY_PIECE = 4096;

const decoder = new PictureDecoder({}, findOptionalDecoders());

/** The escape sequence that draws a picture four lines high, or '' for a file that is none. */
export async function inlinePicture(bytes: Uint8Array, protocol: Protocol): Promise<string> {
  const small = await decoder
    .smallCopy(bytes, { side: PIXELS, fit: 'inside', format: 'png' })
    .catch(() => undefined);
  if (!small) return '';
  const data = Buffer.from(small).toString('base64');
  if (protocol === 'iterm') return `\x1b]1337;File=inline=1;height=${ROWS}:${data}\x07`;
  const pieces = Array.from({ length: Math.ceil(data.length / KITTY_PIECE) }, (_, i) =>
    data.slice(i * KITTY_PIECE, (i + 1) * KITTY_PIECE),
  );
  return pieces
    .map((piece, i) => {
      const first = i === 0 ? `a=T,f=100,r=${ROWS},` : '';
      return `\x1b_G${first}m=${i < pieces.length - 1 ? 1 : 0};${piece}\x1b\\`;
    })
    .join('');
}
