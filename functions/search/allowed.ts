/** What may be done to the bucket: by anybody who may call, or by the caller of one request, whose token says so. */

export interface Allows {
  readonly uploads: boolean;
  readonly deletes: boolean;
}

/** The same for all, or made of what the framework knows of the request. */
export type Allowing = Allows | ((env: unknown) => Allows);

const EVERYTHING: Allows = { uploads: true, deletes: true };

/** @param env of the request's context */
export const allowed = (allows: Allowing | undefined, env: unknown): Allows =>
  typeof allows === 'function' ? allows(env) : (allows ?? EVERYTHING);

/** Scopes of which a token must have one; what has none is open to every token. */
export interface Scopes {
  readonly upload?: readonly string[];
  readonly delete?: readonly string[];
}

/** The part of API Gateway's event that an authorizer of tokens adds. */
interface Env {
  readonly event?: {
    readonly requestContext?: {
      readonly authorizer?: { readonly jwt?: { readonly claims?: Readonly<Record<string, unknown>> } };
    };
  };
}

/** What a caller may do of `most`, by the scopes in the claims of the token. */
export const byScopes =
  (most: Allows, scopes: Scopes) =>
  (env: unknown): Allows => {
    const { scope, scp } = (env as Env).event?.requestContext?.authorizer?.jwt?.claims ?? {};
    // API Gateway writes a list as "[a b]".
    const held = [scope, scp].flatMap((claim) => String(claim ?? '').split(/[\s,[\]]+/));
    const may = (wanted: readonly string[] | undefined) =>
      wanted === undefined || wanted.some((one) => held.includes(one));
    return { uploads: most.uploads && may(scopes.upload), deletes: most.deletes && may(scopes.delete) };
  };
