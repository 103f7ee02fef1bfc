/** Drawings, and variants of them that differ in one small place. */

import sharp from 'sharp';

/** A face with a hat; what it wears besides is what variants differ in. */
export const face = (wears = '', skin = '#f0b080'): Promise<Buffer> =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="256"><rect width="256" height="256" fill="#fff"/>
      <circle cx="128" cy="140" r="90" fill="${skin}"/><rect x="60" y="30" width="136" height="50" fill="#502010"/>
      <circle cx="95" cy="125" r="12" fill="#203040"/><circle cx="161" cy="125" r="12" fill="#203040"/>
      <rect x="95" y="190" width="66" height="10" fill="#a03030"/><path d="M40 250 L128 215 L216 250 Z" fill="#3060c0"/>${wears}</svg>`,
    ),
  )
    .png()
    .toBuffer();

/** A house before mountains, without white. */
export const landscape = (): Promise<Buffer> =>
  sharp(
    Buffer.from(
      `<svg xmlns="http://www.w3.org/2000/svg" width="256" height="192"><defs><linearGradient id="sky" x2="0" y2="1">
      <stop offset="0" stop-color="#5080c0"/><stop offset="1" stop-color="#f0e8d0"/></linearGradient></defs>
      <rect width="256" height="192" fill="url(#sky)"/><path d="M0 150 L60 70 L110 140 L170 60 L256 150 Z" fill="#708070"/>
      <rect y="140" width="256" height="52" fill="#a0b060"/><circle cx="200" cy="40" r="18" fill="#fff0c0"/>
      <rect x="40" y="120" width="40" height="40" fill="#c05040"/><path d="M35 120 L60 95 L85 120 Z" fill="#603020"/></svg>`,
    ),
  )
    .png()
    .toBuffer();
