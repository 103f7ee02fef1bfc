/** Requests made from the API's own OpenAPI document, valid and not. */

import type { Random } from './bad-pictures.ts';

interface Schema {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly unknown[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Operation {
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly schema: Schema }[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, unknown>>;
}

/** What of an OpenAPI document requests are made from. */
export interface ApiDocument {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components?: { readonly schemas?: Readonly<Record<string, Schema>> };
}

export interface FuzzedRequest {
  readonly method: string;
  readonly path: string;
  readonly body?: string;
  /** Statuses that the document names for the operation. */
  readonly statuses: readonly string[];
}

const WORDS: readonly unknown[] = [
  '',
  'a.jpg',
  '../x',
  '%2e%2e',
  '\ud800',
  '\0',
  'ä'.repeat(600),
  '$'.concat('{filename}'),
  '__proto__',
  '1e999',
  '-1',
  '0,0,1,1',
  'NaN',
  -1,
  0,
  1,
  1.5,
  1e308,
  2 ** 53,
  null,
  true,
  [],
  {},
  [[]],
  'x'.repeat(5_000),
];

/** One request of a random operation; each value is of its schema, of another type, or hostile. */
export function fuzzedRequest(document: ApiDocument, random: Random): FuzzedRequest {
  const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([method]) => ['get', 'post', 'put', 'delete'].includes(method))
      .map(([method, operation]) => ({ path, method, operation })),
  );
  const { path, method, operation } = operations[random(operations.length)]!;
  const made = (schema: Schema, depth = 0): unknown => {
    if (random(5) === 0 || depth > 4) return WORDS[random(WORDS.length)];
    const known = schema.$ref ? document.components?.schemas?.[schema.$ref.split('/').at(-1)!] : schema;
    if (!known) return null;
    const choices = known.anyOf ?? known.oneOf;
    if (choices) return made(choices[random(choices.length)]!, depth + 1);
    if (known.enum) return known.enum[random(known.enum.length)];
    switch (Array.isArray(known.type) ? known.type[0] : known.type) {
      case 'integer':
      case 'number':
        return (known.minimum ?? -3) + random(Math.min(2_000, (known.maximum ?? 1_000) + 10));
      case 'boolean':
        return random(2) === 1;
      case 'array':
        return Array.from({ length: random(4) }, () => made(known.items ?? {}, depth + 1));
      case 'object':
        return Object.fromEntries(
          Object.entries(known.properties ?? {})
            .filter(() => random(3) > 0)
            .map(([name, schema]) => [name, made(schema, depth + 1)]),
        );
      default:
        return `word-${random(1_000)}`;
    }
  };
  const text = (value: unknown): string => {
    const plain = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
    return encodeURIComponent(plain.replaceAll(/\p{Cs}/gu, ''));
  };
  let url = path;
  const query: string[] = [];
  for (const { name, in: place, schema } of operation.parameters ?? []) {
    if (place === 'path') url = url.replace(new RegExp(`\\{${name}[^}]*\\}`), text(made(schema)) || 'x');
    else if (place === 'query' && random(2)) query.push(`${name}=${text(made(schema))}`);
  }
  const json = operation.requestBody?.content['application/json']?.schema;
  return {
    method: method.toUpperCase(),
    path: query.length > 0 ? `${url}?${query.join('&')}` : url,
    ...(json && { body: random(10) ? JSON.stringify(made(json)) : '{"key":' }),
    statuses: Object.keys(operation.responses),
  };
}
