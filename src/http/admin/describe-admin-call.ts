import { createCallDescriber } from '../protocol/describe-call.ts';

/** Describes the calls of one address of the admin API. */
export const describeCalls = createCallDescriber({
  always: {
    malformed: 'the address or the body cannot be read, or there are several Host headers.',
    unauthorized: 'the admin key is missing or wrong.',
    method_not_allowed: 'another method than those described here; `Allow` names them.',
    wrong_origin: 'the call comes from a page of another site.',
    wrong_host: 'the listener was called by a name that it does not know; see OPS_ALLOWED_HOSTS.',
    too_many: 'too many wrong keys came from this address; wait as long as `Retry-After` says.',
    unexpected: 'our mistake; write to us and mention its `error_id`.',
    unavailable: 'the database is away; call again after the seconds in `Retry-After`.',
  },
  whenChanging: {
    forbidden: 'the role of the key is too low; the detail names the role that is needed.',
    too_large: 'the body is larger than 64 KB, or a file than what is configured.',
  },
  special: {
    unknown: 'there is nothing with this id.',
    taken: 'the id is in use.',
    conflict: 'the call has been judged otherwise, or was accepted before.',
    invalid: 'a value cannot be accepted; `problems` names its field.',
  },
});
