/** `auth: { users }`: a console whose owner has no identity provider. */

import { Match, type Template } from 'aws-cdk-lib/assertions';
import { beforeAll, expect, test, vi } from 'vitest';
import { ConfigurationInvalid } from '../../cdk/configuration-invalid.ts';
import { ensureConsole } from './ensure-console.ts';
import { synthesise } from './synthesise.ts';

vi.setConfig({ testTimeout: 240_000 });
beforeAll(ensureConsole);

const users = ['me@example.com', 'you@example.com'];
const only = (template: Template, type: string): [string, { Properties: Record<string, unknown> }] =>
  Object.entries(template.findResources(type))[0] as never;

test('there is no user pool unless users are named', () => {
  synthesise({ auth: 'none', console: true }).serving!.resourceCountIs('AWS::Cognito::UserPool', 0);
});

test('each is invited by mail, and nobody else comes in', () => {
  const { serving, data } = synthesise({ auth: { users }, console: true });
  const template = serving!;
  template.hasResourceProperties('AWS::Cognito::UserPool', {
    AdminCreateUserConfig: Match.objectLike({ AllowAdminCreateUserOnly: true }),
    Policies: { PasswordPolicy: Match.objectLike({ MinimumLength: 12 }) },
  });
  template.resourceCountIs('AWS::Cognito::UserPoolUser', 2);
  template.hasResourceProperties('AWS::Cognito::UserPoolUser', {
    Username: 'me@example.com',
    DesiredDeliveryMediums: ['EMAIL'],
    UserAttributes: Match.arrayWith([{ Name: 'email_verified', Value: 'true' }]),
  });
  data.hasOutput('Auth', { Value: 'users' });
});

test('the API takes tokens of that pool for the console alone, which gets them by a code and has no secret', () => {
  const template = synthesise({ auth: { users }, console: true }).serving!;
  const [pool] = only(template, 'AWS::Cognito::UserPool');
  const [client, { Properties: asked }] = only(template, 'AWS::Cognito::UserPoolClient');
  const [distribution] = only(template, 'AWS::CloudFront::Distribution');
  const home = { 'Fn::Join': ['', ['https://', { 'Fn::GetAtt': [distribution, 'DomainName'] }, '/']] };
  expect(asked).toMatchObject({
    AllowedOAuthFlows: ['code'],
    AllowedOAuthScopes: ['openid'],
    CallbackURLs: [home],
    LogoutURLs: [home],
    GenerateSecret: false,
  });
  template.hasResourceProperties('AWS::ApiGatewayV2::Authorizer', {
    AuthorizerType: 'JWT',
    JwtConfiguration: {
      Audience: [{ Ref: client }],
      Issuer: { 'Fn::GetAtt': [pool, 'ProviderURL'] },
    },
  });
  const open = Object.values(template.findResources('AWS::ApiGatewayV2::Route')).filter(
    ({ Properties }) => Properties.AuthorizationType !== 'JWT',
  );
  expect(open).toEqual([]);
});

test('the console is told where people sign in', () => {
  const template = synthesise({ auth: { users }, console: true }).serving!;
  const [, { Properties }] = only(template, 'Custom::CDKBucketDeployment');
  const markers = JSON.stringify(Properties.SourceMarkers);
  const [client] = only(template, 'AWS::Cognito::UserPoolClient');
  const [domain] = only(template, 'AWS::Cognito::UserPoolDomain');
  expect(markers).toContain(client);
  expect(markers).toContain(domain);
});

test('without the console nobody could sign in, which is refused', () => {
  expect(() => synthesise({ auth: { users } })).toThrow(ConfigurationInvalid);
});
