import type { oas31 } from 'zod-openapi';

export type GivenSchema = oas31.SchemaObject | oas31.ReferenceObject | undefined;
export type SchemaResolver = (schema: GivenSchema) => oas31.SchemaObject;

/** @returns gives a schema itself where the description only names it */
export function createSchemaResolver({ components }: oas31.OpenAPIObject): SchemaResolver {
  const resolve: SchemaResolver = (schema) => {
    const name = (schema as oas31.ReferenceObject | undefined)?.$ref?.split('/').at(-1);
    return name === undefined ? ((schema ?? {}) as oas31.SchemaObject) : resolve(components?.schemas?.[name]);
  };
  return resolve;
}
