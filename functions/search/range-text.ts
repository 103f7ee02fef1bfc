/** How a request asks for pictures by size and date: ranges of attributes as text. */

import { z } from '@hono/zod-openapi';
import { type AttributeRange, RANGED } from '../../pictures/attributes.ts';
import { SEARCH_LIMITS } from './limits.ts';

const DATE = /^\d{4}(?:-\d\d(?:-\d\d(?:T\d\d(?::\d\d(?::\d\d(?:\.\d{1,3})?)?)?)?)?)?$/;

/** `name:min..max`, of which one end may be missing. */
export const RangeText = z
  .string()
  .max(SEARCH_LIMITS.maxRangeLength)
  .transform((text, context): AttributeRange => {
    const colon = text.indexOf(':');
    const name = RANGED.find((each) => each === text.slice(0, colon));
    const [from, to, more] = text.slice(colon + 1).split('..');
    if (name === undefined || to === undefined || more !== undefined || (from === '' && to === '')) {
      context.addIssue(
        `a range is name:min..max with a name of ${RANGED.join(', ')}; one end may be missing`,
      );
      return z.NEVER;
    }
    const isDate = name === 'taken' || name === 'lastModified';
    const [min, max] = [from, to].map((end) => (isDate ? dateOf(end!) : numberOf(end!)));
    if (min !== null && max !== null) return { name, min, max };
    context.addIssue(
      isDate
        ? `the ends of ${name} are dates as in 2024, 2024-07 or 2024-07-31T18:00:00`
        : `the ends of ${name} are whole numbers`,
    );
    return z.NEVER;
  });

/** An end of a range: `undefined` when it is missing, `null` when it is none. */
const numberOf = (text: string) => (text === '' ? undefined : /^\d{1,15}$/.test(text) ? Number(text) : null);
function dateOf(text: string): string | undefined | null {
  const date = text.endsWith('Z') ? text.slice(0, -1) : text;
  return date === '' ? undefined : DATE.test(date) ? date : null;
}
