/** What is used of asl-validator, which brings no types of its own to where TypeScript looks. */
declare module 'asl-validator' {
  export default function validate(definition: object): {
    readonly isValid: boolean;
    readonly errorsText: (separator?: string) => string;
  };
}
