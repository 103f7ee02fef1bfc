/** What a role may do, asked of its policies as IAM would answer. */

export interface Statement {
  readonly Effect: 'Allow' | 'Deny';
  readonly Action: string | readonly string[];
  readonly Resource: string | readonly string[];
  readonly Condition?: unknown;
}

/** One permission: an action on a resource, both with wildcards. */
export interface Permission {
  readonly action: string;
  readonly resource: string;
}

/** Something that was done, or is about to be. */
export interface Access {
  readonly action: string;
  /** ARN. */
  readonly resource: string;
}

/**
 * All permissions in a role's statements.
 *
 * @throws Error for statements that are more than a list of permissions; the roles of Likeness have none
 */
export function permissionsOf(statements: readonly Statement[]): Permission[] {
  return statements.flatMap((statement) => {
    if (statement.Effect !== 'Allow' || statement.Condition)
      throw new Error('only plain Allow statements are known here');
    const resources = [statement.Resource].flat();
    return [statement.Action].flat().flatMap((action) => resources.map((resource) => ({ action, resource })));
  });
}

export const allows = (permission: Permission, access: Access): boolean =>
  matches(permission.action, access.action) && matches(permission.resource, access.resource);

/** `*` stands for any characters, slashes among them, as in IAM. */
function matches(pattern: string, value: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`, 's').test(value);
}
