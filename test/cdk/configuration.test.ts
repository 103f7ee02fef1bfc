/** The configuration: a file that editors know, flags that override it, and words for what means nothing. */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import {
  CONFIGURATION_FILE,
  configurationSchema,
  flagsFrom,
  readConfiguration,
  stackPropsFrom,
} from '../../cdk/configuration.ts';
import { ConfigurationInvalid } from '../../cdk/configuration-invalid.ts';

const folderWith = (content: object | string): string => {
  const folder = mkdtempSync(join(tmpdir(), 'likeness-config-'));
  const text = typeof content === 'string' ? content : JSON.stringify(content);
  writeFileSync(join(folder, CONFIGURATION_FILE), text);
  return folder;
};

test('its schema is the one in docs/', () => {
  const file = new URL('../../docs/likeness.config.schema.json', import.meta.url);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(configurationSchema());
});

test('a file says what is deployed, and flags override it one by one', () => {
  const folder = folderWith({ images: 'my-photos', memory: { search: 5_000 }, alarms: ['me@example.com'] });
  const flags = { 'memory.onUpload': '2048', images: 'others', endings: '.jpg,.png', dashboard: 'true' };
  expect(readConfiguration(flags, folder)).toEqual({
    images: 'others',
    memory: { search: 5_000, onUpload: 2_048 },
    alarms: ['me@example.com'],
    endings: ['.jpg', '.png'],
    dashboard: true,
  });
});

test('becomes properties of the stack', () => {
  const props = stackPropsFrom({
    name: 'Holidays',
    images: 'my-photos',
    imagesKey: 'arn:aws:kms:eu-central-1:123456789012:key/1',
    timeout: { search: 60 },
    schedule: 'rate(5 minutes)',
    auth: { issuer: 'https://login.example.com', audience: ['photos'] },
  });
  expect(props).toMatchObject({
    stackName: 'Holidays',
    images: { name: 'my-photos', keyArn: 'arn:aws:kms:eu-central-1:123456789012:key/1' },
    search: { auth: { jwt: { issuer: 'https://login.example.com' } } },
  });
  expect(props.search?.timeout?.search?.toSeconds()).toBe(60);
  expect(props.search?.schedule?.expressionString).toBe('rate(5 minutes)');
});

test.each([
  [{ imges: 'a' }, /imges/],
  [{ memory: { search: 'much' } }, /memory\.search/],
  [{ auth: 'everyone' }, /auth/],
  [{ auth: { users: ['me'] } }, /auth/],
  ['{', /no JSON/],
])('%j is refused by name', (content, message) => {
  expect(() => readConfiguration({}, folderWith(content))).toThrow(ConfigurationInvalid);
  expect(() => readConfiguration({}, folderWith(content))).toThrow(message);
});

test('tokens need an issuer and an audience', () => {
  const folder = folderWith({});
  expect(() => readConfiguration({ auth: 'jwt' }, folder)).toThrow(/issuer/);
  const flags = { auth: 'jwt', issuer: 'https://login.example.com', audience: 'a,b' };
  expect(readConfiguration(flags, folder).auth).toEqual({
    issuer: 'https://login.example.com',
    audience: ['a', 'b'],
  });
});

test('one bucket for both is refused', () => {
  expect(() => stackPropsFrom({ images: 'a', index: 'a' })).toThrow(ConfigurationInvalid);
});

test('decoders are ARNs of layers or folders that can be one', () => {
  const arn = 'arn:aws:lambda:eu-central-1:123456789012:layer:heic:1';
  const folder = mkdtempSync(join(tmpdir(), 'likeness-decoder-'));
  expect(() => stackPropsFrom({ decoders: [folder] })).toThrow(/npm install --prefix/);
  mkdirSync(join(folder, 'nodejs', 'node_modules'), { recursive: true });
  const flags = readConfiguration({ decoders: `${arn},${folder}` }, folderWith({}));
  expect(stackPropsFrom(flags).decoders).toEqual([arn, folder]);
  rmSync(folder, { recursive: true });
});

test("the CDK's own context is none of it", () => {
  const context = {
    '@aws-cdk/core:checkSecretUsage': true,
    images: 'a',
    'memory.search': '1',
    'cli-telemetry': false,
  };
  expect(flagsFrom(context)).toEqual({ images: 'a', 'memory.search': '1' });
});
