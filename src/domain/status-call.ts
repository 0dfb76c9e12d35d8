/** Everything an advertiser sent with a status except its token, kept as it came. */
export type RawStatusCall = {
  method: string;
  query: Readonly<Record<string, unknown>>;
  body: Readonly<Record<string, unknown>> | null;
};

/** How long the fields may be, in characters. */
export const statusFieldLengths = { conversion_id: 64, status: 64, reason: 500, transaction_id: 128 } as const;

type KeptField = keyof typeof statusFieldLengths;

/** Our names of the parameters of a call. An advertiser may have others for them. */
export type StatusField = KeptField | 'token';

/** What a call says; null where it says nothing, or nothing that can be used. */
export type StatusFields = {
  conversionId: string | null;
  /** The advertiser's word for the status. */
  word: string | null;
  reason: string | null;
  /** The advertiser's own id of the sale. */
  transactionId: string | null;
};

/** `field` is the parameter as the advertiser calls it. */
export type StatusFieldProblem = { field: string; message: string };

type OwnNames = Readonly<Partial<Record<StatusField, unknown>>>;
type Sent = Readonly<Record<string, unknown>>;

const KEPT_FIELDS = Object.keys(statusFieldLengths) as KeptField[];
export const statusFieldNames: readonly StatusField[] = [...KEPT_FIELDS, 'token'];

/**
 * By which names a field may come, the advertiser's own first. Our name stays valid, unless the advertiser calls another
 * field so.
 */
export function parameterNames(field: StatusField, parameters: OwnNames): string[] {
  const own = parameters[field];
  const isTaken = Object.entries(parameters).some(
    ([other, name]) => other !== field && typeof name === 'string' && name.toLowerCase() === field,
  );
  return [...(typeof own === 'string' ? [own] : []), ...(isTaken ? [] : [field])];
}

/**
 * Reads the fields of a status call; the body goes before the query. A call is read when it comes, and once more from
 * what was kept of it when it is judged again, so the same call must always read the same.
 *
 * @param parameters the advertiser's names of them, where they differ from ours
 * @returns `problems` is empty when every field that was sent can be used
 */
export function readStatusFields(
  { query, body }: RawStatusCall,
  parameters: OwnNames = {},
): StatusFields & { problems: StatusFieldProblem[] } {
  const sent = body === null ? query : { ...query, ...body };
  const read = KEPT_FIELDS.map((field) => readField(sent, field, parameters));
  const [conversionId = null, word = null, reason = null, transactionId = null] = read.map(({ text }) => text);
  return { conversionId, word, reason, transactionId, problems: read.flatMap(({ problems }) => problems) };
}

/** Empty is absent. Whole numbers are taken as their digits, as advertisers do not always quote their own ids. */
export function readText(sent: Sent, name: string): string | undefined {
  const given = Object.hasOwn(sent, name) ? sent[name] : undefined;
  if (typeof given === 'string') return given || undefined;
  return Number.isSafeInteger(given) ? String(given) : undefined;
}

function readField(
  sent: Sent,
  field: KeptField,
  parameters: OwnNames,
): { text: string | null; problems: StatusFieldProblem[] } {
  const name = parameterNames(field, parameters).find((candidate) => isSent(sent, candidate));
  if (name === undefined) return { text: null, problems: [] };
  const message = findProblem(sent[name], statusFieldLengths[field]);
  if (message !== undefined) return { text: null, problems: [{ field: name, message: `${name} ${message}` }] };
  return { text: readText(sent, name) ?? null, problems: [] };
}

function isSent(sent: Sent, name: string): boolean {
  return Object.hasOwn(sent, name) && sent[name] !== null && sent[name] !== undefined && sent[name] !== '';
}

function findProblem(given: unknown, longest: number): string | undefined {
  if (Number.isSafeInteger(given)) return undefined;
  if (typeof given !== 'string') return 'must be one text, given once.';
  if ([...given].length > longest) return `has at most ${longest} characters.`;
  if (!given.isWellFormed() || given.includes('\0')) return 'holds characters that cannot be stored.';
  return undefined;
}
