/** Why a call to a partner brought no complete answer. */
export const sendErrors = [
  'timeout',
  'address_not_allowed',
  'connection_refused',
  'connection_failed',
  'tls_error',
  'dns_error',
  'response_too_large',
  'invalid_url',
  'bad_response',
] as const;

export type SendError = (typeof sendErrors)[number];

/** After any of these the partner may have had the call, although nobody knows what it made of it. */
export const errorsAfterCall: readonly SendError[] = [
  'timeout',
  'connection_failed',
  'response_too_large',
  'bad_response',
];
