// Requests and answers as a page shows them: the very text that went over the wire, but for secrets that are masked.

/** A request as it was sent. */
export type SentRequest = { method: string; url: string; headers: Record<string, string> | null; body: string | null };

export type ReceivedAnswer = { http_status: number; location: string | null; body: string | null };

export function requestText({ method, url, headers, body }: SentRequest): string {
  const lines = [`${method} ${url}`, ...Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`)];
  return body === null ? lines.join('\n') : `${lines.join('\n')}\n\n${body}`;
}

/** @param error why no answer came, such as `timeout` */
export function answerText(answer: ReceivedAnswer | null, error: string | null): string {
  if (!answer) return error === null ? 'No answer was seen.' : `No answer: ${error.replaceAll('_', ' ')}.`;
  const { http_status, location, body } = answer;
  const head = [`HTTP ${http_status}`, ...(location === null ? [] : [`location: ${location}`])].join('\n');
  return body ? `${head}\n\n${body}` : `${head}\n\n(empty body)`;
}

/** The same request as a line for a shell; nothing in it can end its quotes. */
export function curlCommandFor({ method, url, headers, body }: SentRequest): string {
  const parts = [
    `curl -i -X ${quote(method)} ${quote(url)}`,
    ...Object.entries(headers ?? {}).map(([name, value]) => `-H ${quote(`${name}: ${value}`)}`),
    ...(body === null ? [] : [`--data-raw ${quote(body)}`]),
  ];
  return parts.join(' \\\n  ');
}

function quote(text: string): string {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}
