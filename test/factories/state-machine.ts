/** Runs a definition in the Amazon States Language as Step Functions does: as much of the language as ours is written in. */

/** A state, with the fields of all types that are known here. */
interface State {
  readonly Type: string;
  readonly Next?: string;
  readonly Default?: string;
  readonly Parameters?: Json;
  readonly OutputPath?: string | null;
  readonly ResultPath?: string | null;
  readonly Retry?: readonly { readonly MaxAttempts: number }[];
  readonly Choices?: readonly Rule[];
  readonly ItemReader?: { readonly Resource: string; readonly Parameters: Json };
  readonly ItemBatcher?: { readonly MaxItemsPerBatch: number; readonly BatchInput: Json };
  readonly ItemProcessor?: Definition;
}

export interface Definition {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}

interface Rule {
  readonly Next?: string;
  readonly Variable?: string;
  readonly IsPresent?: boolean;
  readonly StringEquals?: string;
  readonly BooleanEquals?: boolean;
  readonly And?: readonly Rule[];
}

type Json = unknown;

export interface Surroundings {
  /** Answers a task. */
  readonly invoke: (input: Json) => Promise<Json>;
  /** What a map reads its items from. */
  readonly list: (parameters: {
    readonly Bucket: string;
    readonly Prefix: string;
  }) => Promise<readonly Json[]>;
  readonly executionId: string;
}

/** What a run did. */
export interface Run {
  readonly output: Json;
  /** Names of the states, in the order in which they were entered; those within a map included. */
  readonly entered: readonly string[];
}

/**
 * @throws what the task threw last, once it was tried as often as the state says: then the run has failed
 * @throws Error where the definition says what is not known here, or maps over nothing
 */
export async function runDefinition(definition: Definition, input: Json, around: Surroundings): Promise<Run> {
  const entered: string[] = [];
  return { output: await walk(definition, input, around, entered), entered };
}

async function walk(
  { StartAt, States }: Definition,
  input: Json,
  around: Surroundings,
  entered: string[],
): Promise<Json> {
  let data = input;
  for (let name: string | undefined = StartAt; name !== undefined; ) {
    const state: State | undefined = States[name];
    if (!state) throw new Error(`there is no state ${name}`);
    entered.push(name);
    switch (state.Type) {
      case 'Succeed':
        return data;
      case 'Choice': {
        const choice: Rule | undefined = state.Choices!.find((rule) => holds(rule, data));
        name = choice?.Next ?? state.Default;
        break;
      }
      case 'Task': {
        const result = await tried(state, () => around.invoke(filled(state.Parameters, data, around)));
        data = state.OutputPath === null ? {} : result;
        name = state.Next;
        break;
      }
      case 'Map':
        await mapped(state, data, around, entered);
        if (state.ResultPath !== null) throw new Error('the reports of all batches would be handed on');
        name = state.Next;
        break;
      default:
        throw new Error(`states of type ${state.Type} are not known here`);
    }
  }
  return data;
}

async function mapped(
  { ItemReader: reader, ItemBatcher: batcher, ItemProcessor: processor }: State,
  data: Json,
  around: Surroundings,
  entered: string[],
): Promise<void> {
  if (!reader || !batcher || !processor) throw new Error('only distributed maps over batches are known here');
  const items = await around.list(
    filled(reader.Parameters, data, around) as { Bucket: string; Prefix: string },
  );
  if (items.length === 0) throw new Error('a map over nothing, of which nobody knows how it ends');
  const BatchInput = filled(batcher.BatchInput, data, around);
  for (let at = 0; at < items.length; at += batcher.MaxItemsPerBatch) {
    const Items = items.slice(at, at + batcher.MaxItemsPerBatch);
    await walk(processor, { BatchInput, Items }, around, entered);
  }
}

async function tried({ Retry }: State, work: () => Promise<Json>): Promise<Json> {
  for (let left = Retry?.[0]?.MaxAttempts ?? 0; ; left--) {
    try {
      return await work();
    } catch (error) {
      if (left === 0) throw error;
    }
  }
}

/** A template with what its paths point to; a step is handed 256 KiB at the most. */
function filled(template: Json, data: Json, { executionId }: Surroundings): Json {
  const fill = (value: Json): Json => {
    if (Array.isArray(value)) return value.map(fill);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(
      Object.entries(value).map(([name, each]) =>
        name.endsWith('.$') ? [name.slice(0, -2), at(String(each), data, executionId)] : [name, fill(each)],
      ),
    );
  };
  const result = fill(template);
  if (Buffer.byteLength(JSON.stringify(result)) > 256 * 1024)
    throw new Error('more than a step may be handed');
  return result;
}

function at(path: string, data: Json, executionId?: string): Json {
  if (path === '$$.Execution.Id') return executionId;
  if (!/^\$(\.\w+)*$/.test(path)) throw new Error(`the path ${path} is not known here`);
  let value = data;
  for (const name of path.split('.').slice(1)) {
    if (typeof value !== 'object' || value === null || !(name in value))
      throw new Error(`nothing is at ${path}`);
    value = (value as Readonly<Record<string, Json>>)[name];
  }
  return value;
}

function holds(rule: Rule, data: Json): boolean {
  if (rule.And) return rule.And.every((each) => holds(each, data));
  if (rule.IsPresent !== undefined) return isPresent(rule.Variable!, data) === rule.IsPresent;
  const value = at(rule.Variable!, data);
  if (rule.StringEquals !== undefined) return value === rule.StringEquals;
  if (rule.BooleanEquals !== undefined) return value === rule.BooleanEquals;
  throw new Error(`the rule ${JSON.stringify(rule)} is not known here`);
}

function isPresent(path: string, data: Json): boolean {
  try {
    at(path, data);
    return true;
  } catch {
    return false;
  }
}
