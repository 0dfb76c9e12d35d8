import type { PullAnswer, PullProblem } from './pull.ts';

const PROBLEMS: Readonly<Record<Exclude<PullProblem, 'http_status' | 'redirect' | 'broken_file'>, string>> = {
  timeout:
    'The server did not send the whole file in time: ask the advertiser for a smaller or faster export, or raise PULL_TIMEOUT_SECONDS.',
  address_not_allowed:
    'The URL leads to an address that is not on the public internet, so it was not called: ask for an address that others can reach, or allow it by POSTBACK_ALLOW_CIDRS.',
  connection_refused:
    'Nothing listens at that host and port: check the URL, or ask the advertiser whether its server runs.',
  connection_failed:
    'The connection broke off before the file was complete: if this goes on, ask the advertiser to look at its server.',
  tls_error:
    'No secure connection came about: the certificate must be valid, complete, and made for this host name. The advertiser has to repair it.',
  dns_error: 'The host name could not be found: check its spelling.',
  response_too_large:
    'The answer is larger than we read: ask for an export of fewer days, or raise IMPORT_MAX_MEGABYTES.',
  invalid_url: 'The URL or a header cannot be sent as it is: check both.',
  bad_response: 'What came back was not HTTP: check that the port is that of a web server.',
  compressed: 'The file came compressed: ask the advertiser for the plain file.',
  headers_unreadable:
    'The stored headers cannot be read with PULL_HEADERS_KEY: give this worker the key that they were stored with, or type them in again.',
  import_under_way:
    'The file pulled before it was still being imported. A paused import must be resumed or cancelled first.',
  settings_changed:
    'Its settings were changed while the file came, so it was left. The next pull goes by the new ones.',
  cancelled: 'It was cancelled in Temporal. Nothing of the file was kept.',
  interrupted:
    'It was interrupted: its worker died or was stopped, or Postgres was away. Nothing of the file was kept.',
};

/** Why a pull brought nothing and what to do, for ops; null when nothing is wrong. It quotes the server, so it is hostile. */
export function explainPull({ problem, httpStatus, detail }: PullAnswer): string | null {
  if (problem === null) return null;
  if (problem === 'http_status') return tellStatus(httpStatus ?? 0);
  if (problem === 'broken_file')
    return detail ?? 'The file cannot be read: see the pull itself for what is wrong with it.';
  if (problem !== 'redirect') return PROBLEMS[problem];
  const target = detail === null ? 'elsewhere' : `to ${detail}`;
  return `The server redirects (${httpStatus}) ${target}, and redirects are never followed, so that nobody else gets the headers: put the final address into the URL.`;
}

/** The same without a word of the server or its file, for Temporal, which is to hold neither. */
export function explainUnquoted(answer: PullAnswer): string | null {
  return explainPull({ ...answer, detail: null });
}

function tellStatus(httpStatus: number): string {
  if (httpStatus === 401 || httpStatus === 403) {
    return `The server does not let us in (${httpStatus}): check the headers and the key in them, and that its list of allowed addresses has ours.`;
  }
  if (httpStatus === 404 || httpStatus === 410) {
    return `There is no export at this URL (${httpStatus}): check it, or ask the advertiser for the present one.`;
  }
  if (httpStatus === 429) return 'The server gets more calls than it allows (429): pull less often.';
  if (httpStatus >= 500) {
    return `The server failed on its side (${httpStatus}): if this goes on, tell the advertiser.`;
  }
  return `The server answered ${httpStatus} instead of 200: ask the advertiser what it wants, and check the URL and the headers.`;
}
