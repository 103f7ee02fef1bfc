/** An account of AWS by HTTP, as far as a deployment asks for it: what a test says is there, is there. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { KMSClient } from '@aws-sdk/client-kms';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { S3Client } from '@aws-sdk/client-s3';
import { STSClient } from '@aws-sdk/client-sts';

const ACCOUNT = '123456789012';
const REGION = 'eu-central-1';

export interface FakeBucket {
  /** @default REGION */
  readonly region?: string;
  /** @default ACCOUNT */
  readonly owner?: string;
  readonly keys?: readonly string[];
  /** Of a bucket that is to be emptied: version ids, by key; those that begin with `marker` are delete markers. */
  readonly versions?: Record<string, string[]>;
  /** Id or ARN of the key that it is encrypted with. */
  readonly key?: string;
  readonly logs?: { readonly to: string; readonly prefix: string };
  readonly notifications?: readonly {
    readonly id: string;
    readonly event: string;
    readonly prefix?: string;
  }[];
}

export interface FakeKey {
  readonly policy: object;
  /** @default 'Enabled' */
  readonly state?: string;
}

export interface FakeStack {
  status: string;
  template: object;
  outputs?: Readonly<Record<string, string>>;
  isProtected?: boolean;
}

export interface FakeAccount {
  readonly buckets: Record<string, FakeBucket>;
  readonly keys: Record<string, FakeKey>;
  readonly stacks: Record<string, FakeStack>;
  unreserved: number;
}

/** What was asked of the services, such as `cloudformation GetTemplate`. */
export async function startFakeAws(account: FakeAccount) {
  const asked: string[] = [];
  const server = createServer(async (request, response) => {
    const body = await text(request);
    const host = request.headers.authorization?.split('/')[3] ?? '';
    const answer = answerOf(account, {
      service: host,
      method: request.method ?? 'GET',
      url: new URL(request.url ?? '/', 'http://aws'),
      headers: request.headers,
      body,
    });
    asked.push(`${host} ${answer.what}`);
    response.writeHead(answer.status ?? 200, answer.headers ?? {});
    response.end(request.method === 'HEAD' ? undefined : answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const settings = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    region: REGION,
    credentials: { accessKeyId: 'AKIATEST', secretAccessKey: 'secret' },
    maxAttempts: 1,
  };
  return {
    asked,
    clients: {
      cloudFormation: new CloudFormationClient(settings),
      s3: new S3Client({ ...settings, forcePathStyle: true }),
      kms: new KMSClient(settings),
      sts: new STSClient(settings),
      lambda: new LambdaClient(settings),
    },
    stop: () => server.close(),
  };
}

interface Asked {
  readonly service: string;
  readonly method: string;
  readonly url: URL;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

interface Answer {
  readonly what: string;
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

function answerOf(account: FakeAccount, asked: Asked): Answer {
  switch (asked.service) {
    case 'cloudformation':
      return cloudFormation(account, new URLSearchParams(asked.body));
    case 'sts':
      return xml(
        'GetCallerIdentity',
        `<GetCallerIdentityResponse><GetCallerIdentityResult><Account>${ACCOUNT}</Account></GetCallerIdentityResult></GetCallerIdentityResponse>`,
      );
    case 'kms':
      return kms(account, asked);
    case 'lambda':
      return json('GetAccountSettings', {
        AccountLimit: { UnreservedConcurrentExecutions: account.unreserved },
      });
    default:
      return s3(account, asked);
  }
}

const xml = (what: string, body: string, status = 200): Answer => ({
  what,
  status,
  headers: { 'content-type': 'text/xml' },
  body,
});

const json = (what: string, body: object, status = 200): Answer => ({
  what,
  status,
  headers: { 'content-type': 'application/x-amz-json-1.1' },
  body: JSON.stringify(body),
});

function cloudFormation({ stacks }: FakeAccount, form: URLSearchParams): Answer {
  const action = form.get('Action') ?? '';
  const name = form.get('StackName') ?? '';
  const stack = stacks[name];
  if (!stack) {
    const message = `Stack with id ${name} does not exist`;
    return xml(
      action,
      `<ErrorResponse><Error><Type>Sender</Type><Code>ValidationError</Code><Message>${message}</Message></Error></ErrorResponse>`,
      400,
    );
  }
  const results: Readonly<Record<string, () => string>> = {
    DescribeStacks: () => {
      const outputs = Object.entries(stack.outputs ?? {}).map(
        ([key, value]) => `<member><OutputKey>${key}</OutputKey><OutputValue>${value}</OutputValue></member>`,
      );
      return `<Stacks><member><StackName>${name}</StackName><CreationTime>2026-06-01T12:00:00Z</CreationTime><StackStatus>${stack.status}</StackStatus><Outputs>${outputs.join('')}</Outputs></member></Stacks>`;
    },
    GetTemplate: () =>
      `<TemplateBody>${JSON.stringify(stack.template).replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</TemplateBody>`,
    DeleteStack: () => {
      if (stack.isProtected) throw new Error(`${name} is protected`);
      delete stacks[name];
      return '';
    },
    UpdateTerminationProtection: () => {
      stack.isProtected = form.get('EnableTerminationProtection') === 'true';
      return `<StackId>${name}</StackId>`;
    },
  };
  const result = results[action]?.() ?? '';
  return xml(action, `<${action}Response><${action}Result>${result}</${action}Result></${action}Response>`);
}

function kms({ keys }: FakeAccount, { headers, body }: Asked): Answer {
  const action = String(headers['x-amz-target']).split('.')[1] ?? '';
  const { KeyId } = JSON.parse(body) as { KeyId: string };
  const key = keys[KeyId.split('/').at(-1) ?? ''];
  if (!key)
    return json(action, { __type: 'NotFoundException', message: `Key '${KeyId}' does not exist` }, 400);
  const Arn = `arn:aws:kms:${REGION}:${ACCOUNT}:key/${KeyId.split('/').at(-1)}`;
  return action === 'DescribeKey'
    ? json(action, {
        KeyMetadata: { KeyId, Arn, KeyManager: 'CUSTOMER', KeyState: key.state ?? 'Enabled' },
      })
    : json(action, { Policy: JSON.stringify(key.policy) });
}

function s3({ buckets }: FakeAccount, { method, url, headers, body }: Asked): Answer {
  const name = url.pathname.split('/')[1] ?? '';
  const bucket = buckets[name];
  const fail = (what: string, status: number, code: string, more = {}): Answer => ({
    ...xml(what, `<Error><Code>${code}</Code><Message>${code}</Message></Error>`, status),
    headers: { 'content-type': 'application/xml', ...more },
  });
  if (!bucket) return fail('HeadBucket', 404, 'NoSuchBucket');
  const region = { 'x-amz-bucket-region': bucket.region ?? REGION };
  if (method === 'HEAD') {
    const expected = headers['x-amz-expected-bucket-owner'];
    if (bucket.region && bucket.region !== REGION)
      return fail('HeadBucket', 301, 'PermanentRedirect', region);
    if (expected && expected !== (bucket.owner ?? ACCOUNT))
      return fail('HeadBucket', 403, 'AccessDenied', region);
    return { what: 'HeadBucket', headers: region };
  }
  if (url.searchParams.has('encryption'))
    return bucket.key
      ? xml(
          'GetBucketEncryption',
          `<ServerSideEncryptionConfiguration><Rule><ApplyServerSideEncryptionByDefault><SSEAlgorithm>aws:kms</SSEAlgorithm><KMSMasterKeyID>${bucket.key}</KMSMasterKeyID></ApplyServerSideEncryptionByDefault></Rule></ServerSideEncryptionConfiguration>`,
        )
      : fail('GetBucketEncryption', 404, 'ServerSideEncryptionConfigurationNotFoundError');
  if (url.searchParams.has('logging')) {
    const { logs } = bucket;
    const enabled = logs
      ? `<LoggingEnabled><TargetBucket>${logs.to}</TargetBucket><TargetPrefix>${logs.prefix}</TargetPrefix></LoggingEnabled>`
      : '';
    return xml('GetBucketLogging', `<BucketLoggingStatus>${enabled}</BucketLoggingStatus>`);
  }
  if (url.searchParams.has('notification')) {
    const rules = (bucket.notifications ?? []).map(({ id, event, prefix }) => {
      const filter = prefix
        ? `<Filter><S3Key><FilterRule><Name>Prefix</Name><Value>${prefix}</Value></FilterRule></S3Key></Filter>`
        : '';
      return `<CloudFunctionConfiguration><Id>${id}</Id><CloudFunction>arn:aws:lambda:${REGION}:${ACCOUNT}:function:x</CloudFunction><Event>${event}</Event>${filter}</CloudFunctionConfiguration>`;
    });
    return xml(
      'GetBucketNotification',
      `<NotificationConfiguration>${rules.join('')}</NotificationConfiguration>`,
    );
  }
  if (url.searchParams.has('versions')) {
    // One a page, as of a bucket that has more than a page.
    const [one] = Object.entries(bucket.versions ?? {}).flatMap(([key, ids]) =>
      ids.map((id) => ({ key, id })),
    );
    const tag = one?.id.startsWith('marker') ? 'DeleteMarker' : 'Version';
    const entry = one ? `<${tag}><Key>${one.key}</Key><VersionId>${one.id}</VersionId></${tag}>` : '';
    return xml('ListVersions', `<ListVersionsResult>${entry}</ListVersionsResult>`);
  }
  if (method === 'POST' && url.searchParams.has('delete')) {
    for (const [, key, id] of body.matchAll(/<Key>(.*?)<\/Key><VersionId>(.*?)<\/VersionId>/g))
      bucket.versions![key!] = bucket.versions![key!]!.filter((each) => each !== id);
    return xml('DeleteObjects', '<DeleteResult/>');
  }
  if (method === 'DELETE') {
    const isEmpty = Object.values(bucket.versions ?? {}).every((ids) => ids.length === 0);
    if (!isEmpty) return fail('DeleteBucket', 409, 'BucketNotEmpty');
    delete buckets[name];
    return { what: 'DeleteBucket', status: 204 };
  }
  if (url.searchParams.has('list-type')) {
    const contents = (bucket.keys ?? []).map(
      (key) =>
        `<Contents><Key>${encodeURIComponent(key)}</Key><Size>1</Size><ETag>"e"</ETag><LastModified>2026-06-01T12:00:00Z</LastModified></Contents>`,
    );
    return xml(
      'ListObjects',
      `<ListBucketResult><IsTruncated>false</IsTruncated>${contents.join('')}</ListBucketResult>`,
    );
  }
  // As a store that ignores conditions.
  if (method === 'PUT') return { what: 'PutObject', headers: { etag: '"e"' } };
  return fail(`${method} ${url}`, 501, 'NotImplemented');
}
