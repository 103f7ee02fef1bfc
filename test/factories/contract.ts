/** Checks answers of the API against the OpenAPI document that it serves. */

import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { expect } from 'vitest';

/** As much of an OpenAPI document as is needed here. */
interface Document {
  readonly paths: Readonly<
    Record<
      string,
      Readonly<Record<string, { readonly responses: Readonly<Record<string, { readonly content: object }>> }>>
    >
  >;
}

/** @returns checks one answer: status, content type and body must be what the document says, without anything more */
export function contractOf(
  document: Document,
): (method: string, path: string, response: Response) => Promise<void> {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  formats.default(ajv);
  ajv.addSchema(closed(document), 'api');
  // The longer template first: `/v1/images/{key}` would match `/v1/images/a/similar` too.
  const templates = Object.keys(document.paths).sort((a, b) => b.length - a.length);

  return async (method, path, response) => {
    const verb = method.toLowerCase();
    const template = templates.find(
      (each) => matches(each, path.split('?')[0]!) && document.paths[each]![verb] !== undefined,
    );
    // Addresses that are not part of the API have no contract.
    if (!template) return expect(response.status).toBe(404);
    const media = response.headers.get('content-type')!.split(';')[0]!;
    const described = document.paths[template]![verb]!.responses[response.status]?.content ?? {};
    expect(Object.keys(described), `${method} ${path} -> ${response.status}`).toContain(media);

    const pointer = ['paths', template, verb, 'responses', `${response.status}`, 'content', media, 'schema'];
    const validate = ajv.compile({ $ref: `api#/${pointer.map(escaped).join('/')}` });
    validate(await response.clone().json());
    expect(validate.errors ?? [], `${method} ${path} -> ${response.status}`).toEqual([]);
  };
}

const escaped = (part: string) => encodeURIComponent(part.replaceAll('~', '~0').replaceAll('/', '~1'));

const matches = (template: string, path: string): boolean =>
  new RegExp(`^${template.replaceAll(/\{\w+\}/g, '.+')}$`).test(path);

/** The same document with objects that allow nothing but what they name, to find what it does not mention. */
function closed(value: unknown): object {
  return JSON.parse(
    JSON.stringify(value, (_, node) =>
      node?.type === 'object' && node.properties && node.additionalProperties === undefined
        ? { ...node, additionalProperties: false }
        : node,
    ),
  );
}
