/** Reads cdk.out as CloudFormation would: the functions, with what they run, what they are told and what they may do. */

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type References, resolveIntrinsics } from './intrinsics.ts';
import type { Statement } from './policy.ts';
import { servicesOf } from './routes.ts';

interface Resource {
  readonly Type: string;
  readonly Properties: Readonly<Record<string, unknown>>;
}

interface Location {
  readonly S3Key: string;
}

interface FunctionProperties {
  readonly Handler: string;
  readonly Runtime: string;
  readonly Code: Location;
  readonly Layers?: readonly string[];
  readonly MemorySize: number;
  readonly EphemeralStorage?: { readonly Size: number };
  /** Seconds. */
  readonly Timeout: number;
  readonly Environment?: { readonly Variables: Readonly<Record<string, string>> };
  readonly Role: string;
  readonly LoggingConfig?: { readonly LogFormat?: string };
}

interface LayerProperties {
  readonly Content: Location;
}

interface PolicyProperties {
  readonly Roles: readonly string[];
  readonly PolicyDocument: { readonly Statement: readonly Statement[] };
}

export interface DeployedFunction {
  readonly handler: string;
  readonly runtime: string;
  /** Folder of the code. */
  readonly code: string;
  /** Folder of the layer. */
  readonly layer: string | undefined;
  readonly memoryMegabytes: number;
  readonly tmpMegabytes: number;
  readonly timeoutMs: number;
  /** `JSON` or `Text`: how the runtime writes its own lines. */
  readonly logFormat: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly statements: readonly Statement[];
}

export interface Assembly {
  /** By their construct ids: OnUpload, Compact, Search, Front, Backfill. */
  readonly functions: Readonly<Record<string, DeployedFunction>>;
  /** Which of them answers, by the keys of the API's routes. */
  readonly services: Readonly<Record<string, string>>;
}

/** Names that the buckets get in place of those that CloudFormation would choose. */
export interface BucketNames {
  readonly images: string;
  readonly index: string;
}

const DEFAULT_TMP_MEGABYTES = 512;

/** @param folder cdk.out */
export function readAssembly(folder: string, buckets: BucketNames): Assembly {
  const file = readdirSync(folder).find((name) => name.endsWith('.nested.template.json'));
  if (!file) throw new Error(`there is no nested template in ${folder}: run npx cdk synth first`);
  const { Resources } = JSON.parse(readFileSync(join(folder, file), 'utf8')) as {
    Resources: Record<string, Resource>;
  };
  const isStateMachine = (id: string) => Resources[id]?.Type === 'AWS::StepFunctions::StateMachine';
  const references = referencesTo(buckets, isStateMachine);
  const properties = <Properties>(type: string): { id: string; of: Properties }[] =>
    Object.entries(Resources)
      .filter(([, resource]) => resource.Type === type)
      .map(([id, resource]) => ({
        id,
        of: resolveIntrinsics(resource.Properties, references) as Properties,
      }));
  const assets = assetFolders(folder);
  const layers = new Map(
    properties<LayerProperties>('AWS::Lambda::LayerVersion').map(({ id, of }) => [id, assets(of.Content)]),
  );
  const policies = properties<PolicyProperties>('AWS::IAM::Policy').map(({ of }) => of);

  const functions = properties<FunctionProperties>('AWS::Lambda::Function')
    // The CDK's own function is among them.
    .filter(({ of }) => of.Environment?.Variables.POWERTOOLS_SERVICE_NAME)
    .map(({ of }): [string, DeployedFunction] => [
      of.Environment!.Variables.POWERTOOLS_SERVICE_NAME!,
      {
        handler: of.Handler,
        runtime: of.Runtime,
        code: assets(of.Code),
        layer: of.Layers?.[0] === undefined ? undefined : layers.get(of.Layers[0]),
        memoryMegabytes: of.MemorySize,
        tmpMegabytes: of.EphemeralStorage?.Size ?? DEFAULT_TMP_MEGABYTES,
        timeoutMs: 1000 * of.Timeout,
        logFormat: of.LoggingConfig?.LogFormat ?? 'Text',
        environment: of.Environment!.Variables,
        statements: policies
          .filter(({ Roles }) => Roles.includes(of.Role.replace(/\.Arn$/, '')))
          .flatMap(({ PolicyDocument }) => PolicyDocument.Statement),
      },
    ]);
  return { functions: Object.fromEntries(functions), services: servicesOf(Resources) };
}

/**
 * The buckets stand in the other stack and arrive as parameters. A reference to a state machine is its ARN, which
 * templates take apart; any other reference stays its own name.
 */
const referencesTo =
  (buckets: BucketNames, isStateMachine: (id: string) => boolean): References =>
  (name) => {
    if (isStateMachine(name)) return `arn:aws:states:eu-central-1:000000000000:stateMachine:${name}`;
    const [, bucket, attribute] = /^referencetoLikeness(Images|Index)[0-9A-F]{8}(Ref|Arn)$/.exec(name) ?? [];
    if (!bucket) return name;
    const bucketName = buckets[bucket === 'Images' ? 'images' : 'index'];
    return attribute === 'Arn' ? `arn:aws:s3:::${bucketName}` : bucketName;
  };

/** Finds the folder of an asset from the S3 key that a template has for it. */
function assetFolders(folder: string): (location: Location) => string {
  const manifests = readdirSync(folder).filter((name) => name.endsWith('.assets.json'));
  const paths = new Map<string, string>();
  for (const manifest of manifests) {
    const { files } = JSON.parse(readFileSync(join(folder, manifest), 'utf8')) as {
      files: Record<
        string,
        { source: { path: string }; destinations: Record<string, { objectKey: string }> }
      >;
    };
    for (const { source, destinations } of Object.values(files)) {
      for (const { objectKey } of Object.values(destinations))
        paths.set(objectKey, join(folder, source.path));
    }
  }
  return ({ S3Key }) => {
    const path = paths.get(S3Key);
    if (!path) throw new Error(`no asset has the key ${S3Key}`);
    return path;
  };
}
