/** What the page is told about the server it talks to: `config.json` beside `index.html`. */

/**
 * The file as it is served. `likeness serve` answers with its own, a hosted console carries one that was written when
 * it was deployed; a file that is missing means `{}`.
 */
export interface ConsoleConfig {
  /** Address of the API without a trailing slash. @default '' where the page itself came from */
  readonly endpoint?: string;
  /**
   * Where small copies of pictures come from, with `{key}` (its slashes kept, the rest URL-encoded) and `{size}`
   * (pixels of the longer side), as in `/thumbnails/{key}?size={size}`.
   *
   * @default none: the API says where they are, and the browser makes those that are missing, and keeps them all
   */
  readonly thumbnails?: string;
  /** A POST here adds the demonstration pictures to the library. @default none: the page does not offer them */
  readonly demo?: string;
  /** A POST of `{key}` to `show` or `open` below this address does so on the machine itself. @default none */
  readonly desktop?: string;
  /** `jwt`: the page asks for a bearer token before anything else. @default 'none' */
  readonly auth?: 'none' | 'jwt';
  /** With `jwt`: where people sign in to be given that token. @default none: they enter one */
  readonly signIn?: SignInConfig;
}

/** Where people sign in, as `config.json` has it. */
export interface SignInConfig {
  /** Addresses of the provider; those of OpenID Connect have these names. */
  readonly authorizationEndpoint: string;
  readonly tokenEndpoint: string;
  /** Where a session at the provider ends. @default it goes on when the page forgets its token */
  readonly logoutEndpoint?: string;
  readonly clientId: string;
  /** With spaces between. */
  readonly scope: string;
}

/** Reads `config.json`; a server that has none, or answers with a page, means the defaults. */
export async function readConfig(): Promise<ConsoleConfig> {
  const answer = await fetch('./config.json', { cache: 'no-cache' });
  const isJson = answer.headers.get('content-type')?.includes('json') ?? false;
  return answer.ok && isJson ? ((await answer.json()) as ConsoleConfig) : {};
}
