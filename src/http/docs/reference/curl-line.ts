import type { oas31 } from 'zod-openapi';
import type { GivenSchema, SchemaResolver } from './resolve-schema.ts';

type DescribedCall = {
  publicUrl: string;
  method: string;
  path: string;
  operation: oas31.OperationObject;
  resolve: SchemaResolver;
};

/**
 * A line for a shell that makes the call, with what it needs and nothing more. Ids in the address are variables of the
 * shell: `$POSTBACK_ID` for `{postback_id}`; the key is `$KEY`.
 *
 * @returns undefined for a call that takes no partner's key
 */
export function curlLineFor({ publicUrl, method, path, operation, resolve }: DescribedCall): string | undefined {
  if (!operation.security?.some((scheme) => 'partnerKey' in scheme)) return undefined;
  const address = path.replace(/\{(\w+)\}/g, (_braced, name: string) => `$${name.toUpperCase()}`);
  const query = queryOf(operation, resolve);
  const parts = [
    `curl -s${method === 'get' ? '' : ` -X ${method.toUpperCase()}`} "${publicUrl}${address}${query}"`,
    '-H "Authorization: Bearer $KEY"',
    ...bodyOf(operation, resolve),
  ];
  return parts.join(' \\\n  ');
}

function queryOf({ parameters = [] }: oas31.OperationObject, resolve: SchemaResolver): string {
  const needed = (parameters as oas31.ParameterObject[]).filter((one) => one.in === 'query' && one.required);
  if (needed.length === 0) return '';
  const pairs = needed.map(({ name, schema }) => [name, String(sampleOf(schema, resolve))]);
  return `?${new URLSearchParams(Object.fromEntries(pairs) as Record<string, string>).toString()}`;
}

function bodyOf({ requestBody }: oas31.OperationObject, resolve: SchemaResolver): string[] {
  const media = (requestBody as oas31.RequestBodyObject | undefined)?.content['application/json'];
  if (!media) return [];
  const body = JSON.stringify(media.example ?? sampleOf(media.schema, resolve));
  return [`-H 'Content-Type: application/json'`, `-d '${body.replaceAll("'", String.raw`'\''`)}'`];
}

/** A value that fits the schema; of an object the fields that must be there. */
function sampleOf(schema: GivenSchema, resolve: SchemaResolver): unknown {
  const described = resolve(schema);
  const { examples, enum: words, properties = {}, required = [] } = described;
  const given: unknown = described.example ?? examples?.[0] ?? described.default ?? words?.[0];
  if (given !== undefined) return given;
  return Object.fromEntries(required.map((name) => [name, sampleOf(properties[name], resolve)]));
}
