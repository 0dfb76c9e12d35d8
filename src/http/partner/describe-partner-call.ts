import { createCallDescriber } from '../protocol/describe-call.ts';

/** Describes the calls of one address of the partner API. */
export const describeCalls = createCallDescriber({
  tags: ['Partner API'],
  security: [{ partnerKey: [] }],
  always: {
    malformed: 'the address or the body cannot be read.',
    unauthorized: 'the API key is missing, wrong or has ended.',
    method_not_allowed: 'another method than those described here; `Allow` names them.',
    too_many: 'too many calls, or too many with a wrong key, came from you; wait as long as `Retry-After` says.',
    unexpected: 'our mistake; write to us and mention its `error_id`.',
    unavailable: 'it cannot be done at the moment; call again after the seconds in `Retry-After`.',
  },
  whenChanging: { too_large: 'the body is larger than 64 KB.' },
  special: {
    unknown: 'you have nothing with this id.',
    conflict: 'it cannot be done in the state that it is in; `detail` says why.',
    invalid: 'a value cannot be accepted; `problems` names its field.',
    invalid_settings: 'the settings cannot be saved; `errors` names each field.',
  },
});
