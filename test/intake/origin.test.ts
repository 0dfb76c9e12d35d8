import assert from 'node:assert/strict';
import { Webhook } from 'standardwebhooks';
import { prepareAdvertisers } from '../../src/catalogue/catalogue-advertiser.ts';
import type { KnownAdvertiser } from '../../src/db/catalogue.ts';
import { hashKey } from '../../src/db/keys/keys.ts';
import { findLackingProof, hasLiveToken } from '../../src/intake/origin.ts';
import { newSigningSecret } from '../../src/new-ids.ts';

const SIGNED = 'conversion_id=c1&status=approved';
const PAST = '2020-01-01T00:00:00Z';
const FUTURE = '2999-01-01T00:00:00Z';

// Of the Standard Webhooks project: https://github.com/standard-webhooks/standard-webhooks (libraries/javascript).
const VECTOR = {
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  id: 'msg_p5jXN8AQM9LWM0D4loKWxJek',
  timestamp: 1614265330,
  payload: '{"test": 2432232314}',
  signature: 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
};

function advertiserWith(changes: Partial<KnownAdvertiser>) {
  const known: KnownAdvertiser = {
    advertiserId: 'bank',
    vocabulary: null,
    proofs: { token: false, signature: false, addresses: null },
    tokens: [],
    signingSecrets: [],
    ...changes,
  };
  const [advertiser] = prepareAdvertisers([known], undefined);
  assert.ok(advertiser);
  return advertiser;
}

describe('the address of a call', () => {
  const lacking = (addresses: string[], ip: string | undefined) =>
    findLackingProof(advertiserWith({ proofs: { token: false, signature: false, addresses } }), {
      ip,
      headers: {},
      signed: '',
    });

  it('must lie within one of the agreed networks, whichever way it is written', () => {
    const addresses = ['192.0.2.0/24', '198.51.100.7', '2001:db8:7::/48'];
    const inside = [
      '192.0.2.1',
      '192.0.2.255',
      '::ffff:192.0.2.9',
      '::ffff:c000:0209',
      '198.51.100.7',
      '2001:db8:7::1',
    ];
    const outside = ['192.0.3.1', '198.51.100.8', '2001:db8:8::1', '::1', '127.0.0.1', '::192.0.2.1', 'nonsense', ''];
    for (const ip of inside) assert.equal(lacking(addresses, ip), undefined, ip);
    for (const ip of [...outside, undefined]) assert.equal(lacking(addresses, ip), 'address', ip);
  });

  it('of one family is no address of the other', () => {
    assert.equal(lacking(['2000::/19'], '32.0.0.1'), 'address');
    assert.equal(lacking(['10.0.0.0/8'], 'a00::1'), 'address');
  });

  it('lets nobody in when the networks cannot be read', () => {
    assert.equal(lacking(['nonsense'], '192.0.2.1'), 'address');
  });
});

describe('the signature of a call', () => {
  const proofs = { token: false, signature: true, addresses: null };

  function headersBy(secret: string, { at = new Date(), id = 'msg_1', signed = SIGNED } = {}) {
    return {
      'webhook-id': id,
      'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
      'webhook-signature': new Webhook(secret).sign(id, at, signed),
    };
  }

  const lacking = (
    headers: Record<string, string>,
    { secrets, signed = SIGNED }: { secrets: KnownAdvertiser['signingSecrets']; signed?: string | null },
  ) => findLackingProof(advertiserWith({ proofs, signingSecrets: secrets }), { ip: '192.0.2.1', headers, signed });

  it('of the test vector of Standard Webhooks passes at its time', () => {
    const signedThen = new Webhook(VECTOR.secret).sign(VECTOR.id, new Date(VECTOR.timestamp * 1000), VECTOR.payload);
    assert.equal(signedThen, VECTOR.signature);
    const headers = {
      'webhook-id': VECTOR.id,
      'webhook-timestamp': String(VECTOR.timestamp),
      'webhook-signature': VECTOR.signature,
    };
    const secrets = [{ value: VECTOR.secret, endsAt: null }];
    const { now } = Date;
    try {
      Date.now = () => VECTOR.timestamp * 1000;
      assert.equal(lacking(headers, { secrets, signed: VECTOR.payload }), undefined);
      assert.equal(lacking(headers, { secrets, signed: `${VECTOR.payload} ` }), 'signature');
    } finally {
      Date.now = now;
    }
    assert.equal(lacking(headers, { secrets, signed: VECTOR.payload }), 'signature', 'years later');
  });

  it('may be by either of two live secrets, by none that has ended, and by no other', () => {
    const [newest, older, ended] = [newSigningSecret(), newSigningSecret(), newSigningSecret()];
    const secrets = [
      { value: newest, endsAt: null },
      { value: older, endsAt: FUTURE },
      { value: ended, endsAt: PAST },
    ];
    assert.equal(lacking(headersBy(newest), { secrets }), undefined);
    assert.equal(lacking(headersBy(older), { secrets }), undefined);
    assert.equal(lacking(headersBy(ended), { secrets }), 'signature');
    assert.equal(lacking(headersBy(newSigningSecret()), { secrets }), 'signature');
    const both = { ...headersBy(newest), 'webhook-signature': `v1,AAAA ${headersBy(newest)['webhook-signature']}` };
    assert.equal(lacking(both, { secrets }), undefined);
  });

  it('covers the id, the time and what was sent, within five minutes', () => {
    const secret = newSigningSecret();
    const secrets = [{ value: secret, endsAt: null }];
    const good = headersBy(secret);
    const bad: Record<string, string>[] = [
      {},
      { ...good, 'webhook-id': 'msg_2' },
      { ...good, 'webhook-timestamp': String(Number(good['webhook-timestamp']) + 1) },
      { ...good, 'webhook-signature': good['webhook-signature'].replace('v1,', 'v1a,') },
      { ...good, 'webhook-signature': '' },
      { ...good, 'webhook-timestamp': 'now' },
      headersBy(secret, { at: new Date(Date.now() - 310_000) }),
      headersBy(secret, { at: new Date(Date.now() + 310_000) }),
      headersBy(secret, { signed: 'conversion_id=c2&status=approved' }),
    ];
    for (const headers of bad) assert.equal(lacking(headers, { secrets }), 'signature', JSON.stringify(headers));
    assert.equal(lacking(headersBy(secret, { at: new Date(Date.now() - 290_000) }), { secrets }), undefined);
    assert.equal(lacking(good, { secrets, signed: null }), 'signature');
    assert.equal(lacking(good, { secrets: [] }), 'signature');
  });
});

describe('the token of a call, as memory knows it', () => {
  it('is one of those that live', () => {
    const advertiser = advertiserWith({
      tokens: [
        { value: hashKey('newest'), endsAt: null },
        { value: hashKey('older'), endsAt: FUTURE },
        { value: hashKey('ended'), endsAt: PAST },
      ],
    });
    assert.deepEqual(
      ['newest', 'older', 'ended', 'other', ''].map((token) => hasLiveToken(advertiser, token)),
      [true, true, false, false, false],
    );
  });
});
