/** Which function a template's API hands a request to. */

interface Resource {
  readonly Type: string;
  readonly Properties: unknown;
}

interface Route {
  readonly RouteKey: string;
  readonly Target: { readonly 'Fn::Join': readonly [string, readonly [string, { readonly Ref: string }]] };
}

interface Integration {
  readonly IntegrationUri: { readonly 'Fn::GetAtt': readonly [string, string] };
}

interface Function {
  readonly Environment: { readonly Variables: Readonly<Record<string, string>> };
}

/** By the keys of routes, such as `GET /{path+}`: the service that answers. */
export function servicesOf(resources: Readonly<Record<string, Resource>>): Record<string, string> {
  const properties = <T>(id: string): T => resources[id]!.Properties as T;
  return Object.fromEntries(
    Object.entries(resources)
      .filter(([, { Type }]) => Type === 'AWS::ApiGatewayV2::Route')
      .map(([id]) => {
        const { RouteKey, Target } = properties<Route>(id);
        const { IntegrationUri } = properties<Integration>(Target['Fn::Join'][1][1].Ref);
        const { Environment } = properties<Function>(IntegrationUri['Fn::GetAtt'][0]);
        return [RouteKey, Environment.Variables.POWERTOOLS_SERVICE_NAME!];
      }),
  );
}

/** As API Gateway chooses: a route with the whole path before one that takes any; `undefined` where there is neither. */
export const serviceFor = (
  services: Readonly<Record<string, string>>,
  method: string,
  path: string,
): string | undefined => services[`${method} ${path}`] ?? services[`${method} /{path+}`];
