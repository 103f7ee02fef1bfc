/** What a deployment would change that nobody changes by the way: the bucket, the model, and who may call. */

/** What is looked at of a CloudFormation template. */
export interface Template {
  readonly Outputs?: Readonly<Record<string, { readonly Value: unknown }>>;
}

export interface Change {
  /** The word for `--yes-change`. */
  readonly what: 'images' | 'index' | 'model' | 'auth';
  readonly from: string;
  readonly to: string;
  readonly means: string;
}

const WATCHED: readonly { output: string; what: Change['what']; means: string }[] = [
  {
    output: 'ImagesBucket',
    what: 'images',
    means:
      'events of the old bucket are told no more, and a backfill would take its pictures out of the index',
  },
  {
    output: 'IndexBucket',
    what: 'index',
    means: 'searches find nothing until all pictures are indexed again',
  },
  { output: 'Model', what: 'model', means: 'searches find nothing until all pictures are indexed again' },
  { output: 'Auth', what: 'auth', means: 'other callers may use the API than before' },
  { output: 'Tokens', what: 'auth', means: 'other tokens may use the API than before, or for more' },
];

/** Compares the template that is deployed with the one that would be; an older one may not say everything. */
export function changesOf(deployed: Template, next: Template): Change[] {
  const changes = changedOutputs(deployed, next);
  const dropped = changes.some(({ what }) => what === 'model') ? undefined : droppedModel(deployed, next);
  return dropped ? [...changes, dropped] : changes;
}

/** Whether a deployment has an index to fill: its first one, that of another bucket's pictures, or that of a model that joins. */
export function hasNewIndex(deployed: Template | undefined, next: Template): boolean {
  if (!deployed) return true;
  const isMoved = changedOutputs(deployed, next).some(({ what }) => what === 'images' || what === 'index');
  const before = modelsOf(deployed);
  return isMoved || (before.length > 0 && modelsOf(next).some((id) => !before.includes(id)));
}

/** Ids of the models that embed; none where an older stack does not say. */
function modelsOf({ Outputs }: Template): string[] {
  const said = Outputs?.Models?.Value ?? Outputs?.Model?.Value;
  return typeof said === 'string' ? said.split(' ') : [];
}

/** A model that embeds no longer falls behind unseen, when it is not the one that searches look with. */
function droppedModel(deployed: Template, next: Template): Change | undefined {
  const [from, to] = [deployed, next].map(({ Outputs }) => Outputs?.Models?.Value);
  if (typeof from !== 'string' || typeof to !== 'string') return undefined;
  if (from.split(' ').every((id) => to.split(' ').includes(id))) return undefined;
  return { what: 'model', from, to, means: 'a model that embeds uploads now would miss all that come' };
}

function changedOutputs(deployed: Template, next: Template): Change[] {
  return WATCHED.flatMap(({ output, what, means }) => {
    const from = deployed.Outputs?.[output];
    const to = next.Outputs?.[output];
    if (!from || !to) return [];
    const [before, after] = [describe(from.Value), describe(to.Value)];
    return before === after ? [] : [{ what, from: before, to: after, means }];
  });
}

/** A reference is to a bucket that the stack has made. */
const describe = (value: unknown): string => (typeof value === 'string' ? value : 'one that the stack makes');
