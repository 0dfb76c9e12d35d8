import assert from 'node:assert/strict';
import type { AttemptRow, PostbackRow } from '../../src/db/reports/conversion-facts.ts';
import type { PartnerConversionFacts } from '../../src/db/reports/partner-conversion-facts.ts';
import { explainToPartner } from '../../src/stories/explain-to-partner.ts';
import { tellPartnerConversion } from '../../src/stories/partner-conversion-story.ts';

const AT = '2026-01-31T09:15:00.000Z';

const attempt: AttemptRow = {
  ...{ postback_id: 'p4t8w1x6z3c7v9b2', attempt: 1, kind: 'scheduled', started_at: AT, ended_at: AT },
  ...{ method: 'GET', url: 'https://t.example/?c=click-1', headers: {}, body: null },
  ...{ outcome: 'delivered', duration_ms: 12, http_status: 200, error: null, location: null, response_body: 'OK' },
};

function factsWith(attempts: AttemptRow[]): PartnerConversionFacts {
  const own = {
    conversion_id: 'k3v9x2m7q1w8z5t4r6y0',
    offer_id: 'gold-card',
    ref_id: 'click-1',
    status: 'approved',
  } as const;
  const postback: PostbackRow = {
    ...own,
    ...{
      postback_id: attempt.postback_id,
      seq: 3,
      lead_id: 'lead',
      partner_id: 'ann',
      reason: null,
      is_handover: false,
    },
    ...{ event_at: AT, payout: 1250, currency: 'USD', state: 'delivered', skip_reason: null, next_attempt_at: null },
    ...{ created_at: AT, ended_at: AT },
  };
  return {
    conversion: { ...own, created_at: AT, offer_name: 'Gold card', status_at: AT, outcome: 'open', reward: null },
    ...{ touches: [], statuses: [], rewardEntries: [], price: null },
    postbacks: [{ postback, attempts, newer: null, refIdProblem: null }],
  };
}

describe('what a partner is told of its conversion', () => {
  it('says that its tracker answered 200, also when it has refused a redelivery since', () => {
    const again: AttemptRow = { ...attempt, attempt: 2, kind: 'redelivery', outcome: 'refused', http_status: 404 };
    const text = explainToPartner(tellPartnerConversion(factsWith([attempt, again])));
    assert.match(text, /Your tracker was told approved at 2026-01-31 09:15 UTC and answered 200\.$/);
  });
});
