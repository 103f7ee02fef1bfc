/** Replaces CloudFormation's functions in a template by what they would give in a deployed stack. */

/** Values of references: `Name` for a Ref, `Name.Attribute` for a GetAtt. */
export type References = (name: string) => unknown;

/** @throws Error when a template uses a function that is not known here */
export function resolveIntrinsics(value: unknown, references: References): unknown {
  const resolve = (part: unknown): unknown => resolveIntrinsics(part, references);
  if (Array.isArray(value)) return value.map(resolve);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  const [name = '', argument] = entries.length === 1 ? entries[0]! : [];
  if (name === 'Ref') return references(argument as string);
  if (name === 'Fn::GetAtt') return references((argument as string[]).join('.'));
  if (name === 'Fn::Join') {
    const [separator, parts] = argument as [string, unknown[]];
    return parts.map(resolve).join(separator);
  }
  if (name === 'Fn::Split') {
    const [separator, text] = argument as [string, unknown];
    return String(resolve(text)).split(separator);
  }
  if (name === 'Fn::Select') {
    const [index, list] = argument as [number, unknown];
    const chosen = (resolve(list) as unknown[])[index];
    if (chosen === undefined) throw new Error(`there is no element ${index} in ${JSON.stringify(list)}`);
    return chosen;
  }
  if (name === 'Fn::Sub') {
    return (argument as string).replace(/\$\{(.*?)\}/g, (_, reference: string) =>
      String(references(reference)),
    );
  }
  if (name.startsWith('Fn::')) throw new Error(`${name} is not known here`);
  return Object.fromEntries(entries.map(([key, part]) => [key, resolve(part)]));
}
