/** Everything an advertiser sent with a status except its token, kept as it came. */
export type RawStatusCall = {
  method: string;
  query: Readonly<Record<string, unknown>>;
  body: Readonly<Record<string, unknown>> | null;
};

/** How long the fields may be, in characters. */
export const statusFieldLengths = { conversion_id: 64, status: 64, reason: 500, transaction_id: 128 } as const;

type Field = keyof typeof statusFieldLengths;

/** What a call says; null where it says nothing, or nothing that can be used. */
export type StatusFields = {
  conversionId: string | null;
  /** The advertiser's word for the status. */
  word: string | null;
  reason: string | null;
};

export type StatusFieldProblem = { field: Field; message: string };

const FIELDS = Object.keys(statusFieldLengths) as Field[];

/**
 * Reads the fields of a status call; the body goes before the query. A call is read when it comes, and once more from
 * what was kept of it when it is accepted late, so the same call must always read the same.
 *
 * @returns `problems` is empty when every field that was sent can be used
 */
export function readStatusFields({ query, body }: RawStatusCall): StatusFields & { problems: StatusFieldProblem[] } {
  const sent = { ...query, ...body };
  const problems = FIELDS.flatMap((field) => findProblem(field, sent[field]));
  const read = (field: Field) =>
    problems.some((problem) => problem.field === field) ? null : (readText(sent, field) ?? null);
  return { conversionId: read('conversion_id'), word: read('status'), reason: read('reason'), problems };
}

/** Empty is absent. Whole numbers are taken as their digits, as advertisers do not always quote their own ids. */
export function readText(sent: Readonly<Record<string, unknown>>, name: string): string | undefined {
  const given = Object.hasOwn(sent, name) ? sent[name] : undefined;
  if (typeof given === 'string') return given || undefined;
  return Number.isSafeInteger(given) ? String(given) : undefined;
}

function findProblem(field: Field, given: unknown): StatusFieldProblem[] {
  if (given === undefined || given === null || Number.isSafeInteger(given)) return [];
  if (typeof given !== 'string') return [{ field, message: `${field} must be one text, given once.` }];
  const longest = statusFieldLengths[field];
  if ([...given].length > longest) return [{ field, message: `${field} has at most ${longest} characters.` }];
  if (!given.isWellFormed() || given.includes('\0')) {
    return [{ field, message: `${field} holds characters that cannot be stored.` }];
  }
  return [];
}
