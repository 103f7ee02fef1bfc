/** What `cdk deploy -c name=value` can set, without touching code. */

import type { Node } from 'constructs';
import { LikenessError } from '../vectorlog/errors.ts';
import { ARCHITECTURES } from './bundling/native-packages.ts';
import type { ApiAuth, ImageSearchProps } from './image-search-props.ts';
import type { LikenessStackProps } from './likeness-stack.ts';

/** A `-c name=value` has a value that means nothing. */
export class ContextInvalid extends LikenessError {
  readonly retryable = false;
}

/**
 * Reads the context of the app:
 *
 * - `weights`, `precision`, `architecture`, `consistency`: as in ImageSearchProps
 * - `images`: name of a bucket that you have
 * - `auth`: `iam`, `none`, or `jwt` together with `issuer` and `audience` (several with commas)
 * - `cors`: origins, with commas between them
 * - `console`: `true` to host the console
 * - `serving`: `false` to keep the buckets alone
 *
 * @throws ContextInvalid
 */
export function stackPropsFrom(node: Node): LikenessStackProps {
  const read = (name: string): string | undefined => {
    const value: unknown = node.tryGetContext(name);
    return value === undefined || value === '' ? undefined : String(value);
  };
  const images = read('images');
  return {
    serving: flag('serving', read('serving'), true),
    ...(images && { images: { name: images } }),
    search: {
      ...defined({
        weights: read('weights'),
        precision: oneOf('precision', read('precision'), ['fp32', 'int8']),
        architecture: oneOf('architecture', read('architecture'), ARCHITECTURES),
        consistency: oneOf('consistency', read('consistency'), ['strong', 'eventual']),
        auth: authFrom(read),
        corsOrigins: read('cors')?.split(','),
      }),
      console: flag('console', read('console'), false),
    } satisfies ImageSearchProps,
  };
}

function authFrom(read: (name: string) => string | undefined): ApiAuth | undefined {
  const auth = oneOf('auth', read('auth'), ['iam', 'none', 'jwt']);
  if (auth !== 'jwt') return auth;
  const issuer = read('issuer');
  const audience = read('audience')?.split(',');
  if (!issuer || !audience) {
    throw new ContextInvalid(
      'auth=jwt needs -c issuer=https://… and -c audience=…, as your identity provider has them',
    );
  }
  return { jwt: { issuer, audience } };
}

function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  known: readonly T[],
): T | undefined {
  const found = known.find((one) => one === value);
  if (value !== undefined && found === undefined) {
    throw new ContextInvalid(`-c ${name}=${value}: it is one of ${known.join(', ')}`);
  }
  return found;
}

function flag(name: string, value: string | undefined, otherwise: boolean): boolean {
  const found = oneOf(name, value, ['true', 'false']);
  return found === undefined ? otherwise : found === 'true';
}

/** Leaves out what is undefined, as optional properties want it. */
function defined<T extends object>(values: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
