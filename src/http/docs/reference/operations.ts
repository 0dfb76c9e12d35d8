import type { oas31 } from 'zod-openapi';
import { curlLineFor } from './curl-line.ts';
import { createSchemaResolver, type SchemaResolver } from './resolve-schema.ts';

/** Texts are plain and code by turns, here and below. */
export type Row = { name: string; where: string; required: boolean; texts: string[] };

export type Operation = {
  method: string;
  path: string;
  summary: string;
  descriptionTexts: string[];
  parameters: Row[];
  responses: { status: string; texts: string[] }[];
  /** The method before it, when its answers are the same. */
  answeredLike: string | undefined;
  /** How to call it from a shell; only where the caller has a key. */
  curl: string | undefined;
  /** What it answers, as JSON in lines. */
  example: string | undefined;
};

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const;

/** Every call of the API, as people read it. */
export function listOperations(
  description: oas31.OpenAPIObject,
  publicUrl: string,
): (Operation & { tag: string | undefined })[] {
  const { paths = {} } = description;
  const resolve = createSchemaResolver(description);
  return Object.entries(paths).flatMap(([path, item]) => {
    const { get, post } = item;
    const isAnsweredLikeGet = get && post && haveSameAnswers(get, post);
    return METHODS.flatMap((method) => {
      const operation = item[method];
      if (!operation) return [];
      const answeredLike = method === 'post' && isAnsweredLikeGet ? 'GET' : undefined;
      const curl = curlLineFor({ publicUrl, method, path, operation, resolve });
      const shown = toOperation(operation, resolve);
      return [{ tag: operation.tags?.[0], ...shown, method: method.toUpperCase(), path, answeredLike, curl }];
    });
  });
}

function haveSameAnswers(one: oas31.OperationObject, other: oas31.OperationObject): boolean {
  return JSON.stringify(one.responses) === JSON.stringify(other.responses);
}

function toOperation(operation: oas31.OperationObject, resolve: SchemaResolver) {
  return {
    summary: endSentence(operation.summary ?? ''),
    descriptionTexts: byTurns(operation.description),
    parameters: [...listParameters(operation), ...listBodyFields(operation, resolve)],
    responses: Object.entries(operation.responses ?? {}).map(([status, response]) => ({
      status,
      texts: byTurns((response as oas31.ResponseObject).description),
    })),
    example: findExample(operation),
  };
}

function listParameters({ parameters = [] }: oas31.OperationObject): Row[] {
  return (parameters as oas31.ParameterObject[]).map(({ name, in: where, required = false, description, schema }) => {
    const texts = byTurns(description ?? (schema as oas31.SchemaObject | undefined)?.description);
    return { name, where, required, texts };
  });
}

function listBodyFields({ requestBody }: oas31.OperationObject, resolve: SchemaResolver): Row[] {
  const [media] = Object.values((requestBody as oas31.RequestBodyObject | undefined)?.content ?? {});
  const { properties = {}, required = [] } = resolve(media?.schema);
  return Object.entries(properties).map(([name, property]) => ({
    name,
    where: 'body',
    required: required.includes(name),
    texts: byTurns(resolve(property).description),
  }));
}

function findExample({ responses = {} }: oas31.OperationObject): string | undefined {
  const success = Object.entries(responses).find(([status]) => status.startsWith('2'))?.[1] as oas31.ResponseObject;
  const example: unknown = success?.content?.['application/json']?.example;
  return example === undefined ? undefined : JSON.stringify(example, null, 2);
}

function byTurns(text = ''): string[] {
  return text.split('`');
}

function endSentence(text: string): string {
  return /[.?!]$/.test(text) ? text : `${text}.`;
}
