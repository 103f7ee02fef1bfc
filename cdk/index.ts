/** `likeness-search/cdk`: image similarity search as a construct for CDK apps. */

export { ImageSearch } from './image-search.ts';
export type { ApiAuth, ImageSearchProps, ModelChoice, PerFunction } from './image-search-props.ts';
