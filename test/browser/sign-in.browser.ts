/** Signing in on the page at an identity provider, and what a token lets its holder do. */

import { describe, expect, it } from 'vitest';
import { fakedConsole, SOON } from './browser.ts';
import { demoNames } from './demo-pictures.ts';
import { SIGN_IN } from './identity-provider.ts';

const PICTURES = demoNames.slice(0, 12).map((key) => ({ key }));
const config = { auth: 'jwt', signIn: SIGN_IN } as const;

describe('a library with an identity provider', () => {
  const faked = fakedConsole({ pictures: PICTURES, token: 'secret', identity: { token: 'secret' }, config });
  const { open } = faked;
  const signIn = { name: 'Sign in', exact: true };

  it('is entered by signing in there, at the view that was asked for, and left by signing out', async () => {
    const page = await open('#/status');
    await page.getByRole('button', signIn).click();
    await page.getByText('found by every search').waitFor();
    // Nothing of it stays in the address, where it would be kept and passed on.
    expect(page.url()).toBe(`${faked.api.url}/#/status`);
    expect(await page.evaluate(() => sessionStorage.getItem('likeness.sign-in'))).toBeNull();

    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'This library asks who you are' }).waitFor();
    expect(await page.evaluate(() => sessionStorage.getItem('likeness.token'))).toBeNull();
  });

  it('says why the provider let nobody in, and asks again', async () => {
    const identity = { token: 'secret', refuses: 'This account is locked.' };
    const page = await open('#/library', { identity });
    await page.getByRole('button', signIn).click();
    await page.getByText('This account is locked.').waitFor();
    Object.assign(faked.api.state.identity!, { refuses: undefined });
    await page.getByRole('button', signIn).click();
    await page.getByRole('list', { name: 'Pictures' }).getByRole('link').first().waitFor();
  });

  it('takes no code that it did not ask for', async () => {
    const page = await open('?code=stolen&state=of-another', {});
    await page.getByText('That was no answer to a question of this page.').waitFor();
    expect(faked.api.requests).toEqual([]);
    expect(page.url()).toBe(`${faked.api.url}/`);
  });

  it('takes no answer to another question', async () => {
    const page = await open('', { identity: { token: 'secret', state: 'of-another' } });
    await page.getByRole('button', signIn).click();
    await page.getByText('That was no answer to a question of this page.').waitFor();
    expect(faked.api.requests).toEqual([]);
  });

  it('says when a token is no longer good, and how to get another', async () => {
    const page = await open('#/library');
    await page.getByRole('button', signIn).click();
    await page.getByRole('list', { name: 'Pictures' }).getByRole('link').first().waitFor();
    faked.api.state.token = 'another';
    await page.getByRole('link', { name: 'Status' }).click();
    await page.getByRole('alert').first().waitFor();
    faked.api.state.identity = { token: 'another' };
    await page.getByRole('button', { name: 'Sign in again' }).click();
    await page.getByText('found by every search').waitFor();
  });

  it.each([
    ['may do all', { uploads: true, deletes: true }],
    ['may upload, and not delete', { uploads: true, deletes: false }],
    ['may only look', { uploads: false, deletes: false }],
  ])('offers to each caller what the token lets it do: %s', async (_, allows) => {
    const page = await open(`#/picture?key=${encodeURIComponent(PICTURES[0]!.key)}`, { allows });
    await page.getByRole('button', signIn).click();
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.getByRole('link', { name: 'Search by this picture' }).waitFor();
    const shown = async (name: RegExp) => (await page.getByRole('button', { name }).count()) > 0;
    await expect.poll(() => shown(/^Delete/), SOON).toBe(allows.deletes);
    await expect.poll(() => shown(/^Add/), SOON).toBe(allows.uploads);
  });
});
