export type HeaderProblem = { field: string; message: string };

export const MAX_HEADERS = 10;
const MAX_NAME_LENGTH = 100;
const MAX_VALUE_LENGTH = 4096;

const NAME = /^[!#$%&'*+.^_`|~\w-]+$/;
// What HTTP can carry: printable ASCII, and blanks within.
const VALUE = /^[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?$/;
// What the client itself says, or what would change how the answer comes.
const OURS = [
  ...['host', 'connection', 'keep-alive', 'upgrade', 'te', 'trailer', 'transfer-encoding', 'content-length', 'expect'],
  ...['accept-encoding', 'range', 'if-range', 'if-match', 'if-none-match', 'if-modified-since', 'if-unmodified-since'],
];

/** What is wrong with headers that an export is to be fetched with; a value that is null is one that is kept as it is. */
export function findHeaderProblems(headers: Readonly<Record<string, string | null>>): HeaderProblem[] {
  const names = Object.keys(headers);
  if (names.length > MAX_HEADERS) return [{ field: 'headers', message: `give at most ${MAX_HEADERS} headers` }];
  return names.flatMap((name, index) => {
    const isTwice = names.findIndex((other) => other.toLowerCase() === name.toLowerCase()) !== index;
    const message = isTwice ? 'stands here twice' : (findNameProblem(name) ?? findValueProblem(headers[name] ?? null));
    return message === null ? [] : [{ field: `headers.${name}`, message }];
  });
}

function findNameProblem(name: string): string | null {
  if (name.length > MAX_NAME_LENGTH || !NAME.test(name)) return 'is no name of a header';
  const lower = name.toLowerCase();
  return OURS.includes(lower) || lower.startsWith('proxy-') ? 'is a header that we set ourselves' : null;
}

function findValueProblem(value: string | null): string | null {
  if (value === null) return null;
  if (value.length > MAX_VALUE_LENGTH) return `is longer than ${MAX_VALUE_LENGTH} characters`;
  return VALUE.test(value) ? null : 'must be printable ASCII, without blanks around it';
}
