import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import type { oas31 } from 'zod-openapi';

type Content = {
  contentType: string;
  media: oas31.MediaTypeObject;
  /** What keeps a value from fitting the schema; undefined when it fits. */
  findProblem: (value: unknown) => string | undefined;
};

/** One answer of a call as a document describes it; `contents` is empty where the answer has no body. */
export type DescribedAnswer = { status: string; contents: Content[] };

export type DescribedCall = {
  path: string;
  method: string;
  operation: oas31.OperationObject;
  /** What it may be sent. */
  bodies: Content[];
  answers: DescribedAnswer[];
};

const METHODS = ['get', 'post', 'patch', 'put', 'delete'] as const;

// What is compiled for one app serves the next one that has the same document.
const known = new WeakMap<oas31.OpenAPIObject, DescribedCall[]>();

/** Everything that an OpenAPI document says about its calls, with a check for each body. */
export function readDescription(document: oas31.OpenAPIObject): DescribedCall[] {
  const calls = known.get(document) ?? readAnew(document);
  known.set(document, calls);
  return calls;
}

function readAnew(document: oas31.OpenAPIObject): DescribedCall[] {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  addFormats.default(ajv);
  ajv.addSchema(document, 'document');
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    METHODS.flatMap((method) => {
      const operation = item[method];
      return operation ? [{ path, method, operation, ...readCall(operation, ['paths', path, method]) }] : [];
    }),
  );

  function readCall({ requestBody, responses = {} }: oas31.OperationObject, place: string[]) {
    const body = requestBody as oas31.RequestBodyObject | undefined;
    return {
      bodies: readContents(body?.content, [...place, 'requestBody']),
      answers: Object.entries(responses).map(([status, response]) => ({
        status,
        contents: readContents((response as oas31.ResponseObject).content, [...place, 'responses', status]),
      })),
    };
  }

  function readContents(content: oas31.ContentObject = {}, place: string[]): Content[] {
    return Object.entries(content).map(([contentType, media]) => {
      const schema = [...place, 'content', contentType, 'schema'];
      const validate = compileOnce(`document#/${schema.map(escapePointer).join('/')}`);
      return { contentType, media, findProblem: (value) => judge(validate(), value) };
    });
  }

  function compileOnce($ref: string): () => ValidateFunction {
    let compiled: ValidateFunction | undefined;
    return () => (compiled ??= ajv.compile({ $ref }));
  }
}

function judge(validate: ValidateFunction, value: unknown): string | undefined {
  if (validate(value)) return undefined;
  const problems = validate.errors ?? [];
  return problems.map((each) => `${each.instancePath} ${each.message} ${JSON.stringify(each.params)}`).join(', ');
}

/** Part of a JSON pointer in the fragment of a URI. */
function escapePointer(key: string): string {
  return encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'));
}
