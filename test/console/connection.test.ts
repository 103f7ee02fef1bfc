/** A token is a secret between this page and one server. */

import { expect, test } from 'vitest';
import { accessAfter } from '../../console/api/connection.tsx';

const before = { endpoint: 'https://a.example', token: 'secret' };

test.each([
  ['stays with the same server', { endpoint: 'https://a.example', token: '' }, 'secret'],
  ['is not sent to another one', { endpoint: 'https://b.example', token: '' }, ''],
  ['is not sent to the server that the page is from', { endpoint: '', token: '' }, ''],
  ['is replaced by one that was typed in', { endpoint: 'https://b.example', token: 'new' }, 'new'],
])('an old token %s', (_, typed, token) => {
  expect(accessAfter(before, typed)).toEqual({ endpoint: typed.endpoint, token });
});
