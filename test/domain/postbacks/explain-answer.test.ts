import assert from 'node:assert/strict';
import {
  explainAnswer,
  tellDuration,
  type AttemptAnswer,
  type WhatIsNext,
} from '../../../src/domain/postbacks/explain-answer.ts';
import { errorsAfterCall, sendErrors } from '../../../src/domain/postbacks/send-error.ts';

function explain(answer: Partial<AttemptAnswer>, next: WhatIsNext = null): string {
  return explainAnswer({ httpStatus: null, error: null, location: null, responseBody: null, ...answer }, next);
}

describe('an answer is explained to the partner', () => {
  it('as delivered for 200 alone', () => {
    assert.equal(explain({ httpStatus: 200, responseBody: 'OK' }), 'Delivered: your endpoint answered 200.');
  });

  it('with what a 200 hides', () => {
    assert.equal(
      explain({ httpStatus: 200, responseBody: 'SubID not found' }),
      'Your endpoint answered 200, so this counts as delivered, but the answer says "SubID not found": it does not know the click: check that your referral link carries its click id as ref_id (a made-up one, as in a test, is refused too).',
    );
  });

  it('as not enough for any other success', () => {
    for (const httpStatus of [201, 202, 204, 206]) {
      assert.match(explain({ httpStatus }), new RegExp(`^${httpStatus} is not 200, .*let your endpoint answer 200`));
    }
    assert.match(explain({ httpStatus: 204 }), /Taboola/);
  });

  it('with the target of a redirect', () => {
    assert.equal(
      explain({ httpStatus: 302, location: 'https://t.example/x' }),
      'Your endpoint redirects (302) to https://t.example/x, and redirects are never followed: put the final address into your settings.',
    );
    assert.match(explain({ httpStatus: 301 }), /\(301\) elsewhere/);
    assert.match(explain({ httpStatus: 304 }), /^304 is not 200/);
  });

  const advice: [number, RegExp][] = [
    [400, /every parameter/],
    [401, /key or token/],
    [403, /allowed addresses/],
    [404, /nothing at this path/],
    [405, /GET and POST/],
    [410, /check the URL/],
    [422, /every parameter/],
    [429, /more calls/],
    [500, /error log/],
    [502, /running/],
    [503, /overloaded/],
    [522, /running/],
    [599, /error log/],
  ];
  for (const [httpStatus, text] of advice) {
    it(`with what to do about ${httpStatus}`, () => {
      assert.match(explain({ httpStatus }), text);
      assert.ok(explain({ httpStatus }).includes(String(httpStatus)));
    });
  }

  for (const error of [...sendErrors, 'dots_in_path']) {
    it(`with what to do about ${error}`, () => {
      const text = explain({ error });
      assert.match(text, /^[A-Z].*: .*\.$/);
      assert.ok(!text.includes(error) || error === 'timeout', text);
      const mayHaveArrived = errorsAfterCall.some((each) => each === error);
      assert.equal(text.includes('may have arrived'), mayHaveArrived);
    });
  }

  it('also when only its beginning came', () => {
    assert.match(
      explain({ httpStatus: 200, error: 'timeout' }),
      /^Your endpoint began to answer with 200, but .* in time/,
    );
  });

  it('also when nobody saw it', () => {
    assert.match(explain({}), /interrupted.*may have arrived/);
    assert.equal(explain({ error: 'something_new' }), 'It could not be sent (something_new).');
    assert.equal(explain({ error: 'constructor' }), 'It could not be sent (constructor).');
  });

  it('and that nothing happens next', () => {
    assert.match(explain({ httpStatus: 503 }, 'none_left'), /No attempt is left: .* redeliver it\.$/);
  });
});

describe('a duration', () => {
  const told: [number, string][] = [
    [0, '0 s'],
    [1, '1 s'],
    [59_000, '59 s'],
    [60_000, '1 min'],
    [192_000, '3 min 12 s'],
    [3_600_000, '1 h'],
    [7_500_000, '2 h 5 min'],
  ];
  for (const [ms, text] of told) it(`of ${ms} ms is told as ${text}`, () => assert.equal(tellDuration(ms), text));
});
