/** Looks at a key of KMS: whether roles of this account can be given its use, and the services that need it have it. */

import {
  DescribeKeyCommand,
  GetKeyPolicyCommand,
  type KMSClient,
  KMSServiceException,
} from '@aws-sdk/client-kms';

interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Principal?: '*' | Readonly<Record<string, string | readonly string[]>>;
  readonly Action?: string | readonly string[];
}

export interface KeyLook {
  /** As the stack must name it. */
  readonly arn: string;
  /** AWS's own keys need no grants. */
  readonly isOwn: boolean;
  /** Why it cannot be used. */
  readonly refusal?: string;
  readonly remark?: string;
}

/** @param what the setting that names it, for the sentence; @param services those whose use its policy must allow */
export async function lookAtKey(
  client: KMSClient,
  KeyId: string,
  { account, what, services = [] }: { account: string; what: string; services?: readonly string[] },
): Promise<KeyLook> {
  const fallback = { arn: KeyId, isOwn: true };
  try {
    const { KeyMetadata: key } = await client.send(new DescribeKeyCommand({ KeyId }));
    const about = { arn: key?.Arn ?? KeyId, isOwn: key?.KeyManager !== 'AWS' };
    if (!about.isOwn) return about;
    if (key?.KeyState !== 'Enabled')
      return {
        ...about,
        refusal: `the key ${about.arn} (${what}) is ${key?.KeyState ?? 'in no state'}, not enabled.`,
      };
    const { Policy = '{}' } = await client.send(new GetKeyPolicyCommand({ KeyId: about.arn }));
    const { Statement = [] } = JSON.parse(Policy) as { Statement?: Statement | readonly Statement[] };
    const allowed = [Statement].flat().filter(({ Effect }) => Effect === 'Allow') as readonly Statement[];
    if (!allowed.some((statement) => letsAccount(statement, account)))
      return {
        ...about,
        refusal: `the policy of the key ${about.arn} (${what}) lets no role of account ${account} use it: add a statement that allows kms:Decrypt and kms:GenerateDataKey to arn:aws:iam::${account}:root.`,
      };
    const missing = services.filter(
      (service) => !allowed.some((statement) => letsService(statement, service)),
    );
    if (missing.length > 0)
      return {
        ...about,
        refusal: `the policy of the key ${about.arn} (${what}) does not let ${missing.join(', ')} use it; docs/operations.md has the actions.`,
      };
    return about;
  } catch (error) {
    if (!(error instanceof KMSServiceException)) throw error;
    if (error.name === 'NotFoundException')
      return { ...fallback, refusal: `there is no key ${KeyId} (${what}).` };
    if (error.name !== 'AccessDeniedException') throw error;
    return {
      ...fallback,
      remark: `the policy of the key ${KeyId} (${what}) cannot be looked at: ${error.message}`,
    };
  }
}

/** Whether roles of the account can be given what reading and writing need. */
const letsAccount = ({ Principal, Action }: Statement, account: string): boolean =>
  names(Principal, 'AWS').some(
    (name) => name === '*' || name === account || /^arn:[^:]+:iam::(\d+):root$/.exec(name)?.[1] === account,
  ) && ['kms:Decrypt', 'kms:GenerateDataKey'].every((action) => hasAction(Action, action));

const letsService = ({ Principal, Action }: Statement, service: string): boolean =>
  names(Principal, 'Service').includes(service) && hasAction(Action, 'kms:Decrypt');

function names(principal: Statement['Principal'], kind: string): readonly string[] {
  if (principal === undefined) return [];
  return principal === '*' ? ['*'] : [principal[kind] ?? []].flat();
}

const hasAction = (actions: Statement['Action'], wanted: string): boolean =>
  [actions ?? []].flat().some((action) => fits(wanted.toLowerCase(), action.toLowerCase()));

/** @param pattern in which a star stands for any text */
function fits(text: string, pattern: string): boolean {
  const [start = '', ...parts] = pattern.split('*');
  const end = parts.pop();
  if (end === undefined) return text === pattern;
  if (!text.startsWith(start)) return false;
  let from = start.length;
  for (const part of parts) {
    const found = text.indexOf(part, from);
    if (found < 0) return false;
    from = found + part.length;
  }
  return text.endsWith(end) && text.length - end.length >= from;
}
