/** The people who may sign in on the console, where nobody has an identity provider: a user pool of Amazon Cognito. */

import { Duration, Fn, RemovalPolicy, Stack } from 'aws-cdk-lib';
import {
  CfnUserPoolUser,
  FeaturePlan,
  Mfa,
  OAuthScope,
  UserPool,
  type UserPoolClient,
  type UserPoolDomain,
  VerificationEmailStyle,
} from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { SignInConfig } from '../console/config.ts';
import { acknowledge } from './acknowledgements.ts';
import type { CallerAuth } from './image-search-props.ts';

export interface UsersProps {
  /** Addresses that invitations are mailed to. */
  readonly invited: readonly string[];
  /** Address of the page where they sign in. */
  readonly consoleUrl: string;
}

/** Nobody signs up by himself; who is taken out of `invited` is out of the pool with the next deployment. */
export class Users extends Construct {
  readonly #pool: UserPool;
  readonly #client: UserPoolClient;
  readonly #domain: UserPoolDomain;

  constructor(scope: Construct, id: string, { invited, consoleUrl }: UsersProps) {
    super(scope, id);
    const home = `${consoleUrl}/`;
    this.#pool = new UserPool(this, 'Pool', {
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      autoVerify: { email: true },
      mfa: Mfa.OPTIONAL,
      mfaSecondFactor: { sms: false, otp: true },
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
        tempPasswordValidity: Duration.days(7),
      },
      featurePlan: FeaturePlan.ESSENTIALS,
      userVerification: { emailStyle: VerificationEmailStyle.CODE },
      userInvitation: {
        emailSubject: 'You may search pictures by likeness',
        emailBody: `Open ${home} and sign in as {username} with the password {####}, which you are asked to change. It holds for a week.`,
      },
      // Invitations bring all of it back.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    acknowledge(
      this.#pool,
      'Watching for stolen passwords is a plan with a price for each user, and who wants a second factor can set one up.',
      'AwsSolutions-COG2',
      'AwsSolutions-COG3',
      'AwsSolutions-COG8',
    );
    this.#client = this.#pool.addClient('Console', {
      generateSecret: false,
      preventUserExistenceErrors: true,
      // The owner of the account can get a token for the command line.
      authFlows: { adminUserPassword: true },
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [OAuthScope.OPENID],
        callbackUrls: [home],
        logoutUrls: [home],
      },
      // A working day; the page keeps nothing by which it could go on for longer.
      accessTokenValidity: Duration.hours(8),
      idTokenValidity: Duration.hours(8),
      refreshTokenValidity: Duration.hours(8),
    });
    // Names of domains are unique in a region: this is the id that CloudFormation gave the stack.
    const unique = Fn.select(2, Fn.split('/', Stack.of(this).stackId));
    this.#domain = this.#pool.addDomain('Domain', { cognitoDomain: { domainPrefix: `likeness-${unique}` } });
    for (const [i, address] of invited.entries())
      new CfnUserPoolUser(this, `User${i + 1}`, {
        userPoolId: this.#pool.userPoolId,
        username: address,
        userAttributes: [
          { name: 'email', value: address },
          { name: 'email_verified', value: 'true' },
        ],
        desiredDeliveryMediums: ['EMAIL'],
      });
  }

  /** What the API asks of its callers: a token of this pool, given to the console. */
  get auth(): CallerAuth {
    return { jwt: { issuer: this.#pool.userPoolProviderUrl, audience: [this.#client.userPoolClientId] } };
  }

  /** What the console is told of it. */
  get signIn(): SignInConfig {
    const base = this.#domain.baseUrl();
    return {
      authorizationEndpoint: `${base}/oauth2/authorize`,
      tokenEndpoint: `${base}/oauth2/token`,
      logoutEndpoint: `${base}/logout`,
      clientId: this.#client.userPoolClientId,
      scope: 'openid',
    };
  }
}
