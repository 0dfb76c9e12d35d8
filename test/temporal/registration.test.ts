import assert from 'node:assert/strict';
import { keepRegistered } from '../../src/temporal/registration.ts';
import { eventually } from '../support/eventually.ts';

const UNIMPLEMENTED = 12;
const PERMISSION_DENIED = 7;
const UNAVAILABLE = 14;

describe('registering the search attributes', () => {
  /** Fails with these gRPC codes one after the other, then with the last one for ever. @returns what was logged */
  async function warningsAfter(...codes: [number, ...number[]]): Promise<string[]> {
    const warnings: string[] = [];
    let calls = 0;
    const registration = keepRegistered({
      register: () => {
        const code = codes[Math.min(calls++, codes.length - 1)];
        return Promise.reject(Object.assign(new Error(`refused with ${code}`), { code }));
      },
      firstPauseMs: 1,
      intervalMs: 1,
      log: {
        warn: (_fields: object, message?: string) => void warnings.push(message ?? ''),
        error: () => assert.fail('it is no error'),
      },
    });
    await eventually(() => assert.ok(calls >= codes.length + 3, 'not yet'));
    await registration.stop();
    return warnings;
  }

  for (const [name, code] of Object.entries({ PERMISSION_DENIED, UNIMPLEMENTED })) {
    it(`says once that Temporal does not permit it (${name}), and which ones to register by hand`, async () => {
      const warnings = await warningsAfter(code);
      assert.equal(warnings.length, 1);
      assert.match(warnings[0] ?? '', /does not permit .* by hand: .*LinkedPartner \(KEYWORD\)/);
    });
  }

  it('says each time that Temporal does not answer, and still once only that it does not permit it', async () => {
    const warnings = await warningsAfter(UNAVAILABLE, PERMISSION_DENIED, UNAVAILABLE, PERMISSION_DENIED);
    assert.equal(warnings.filter((text) => /trying again/.test(text)).length, 2);
    assert.equal(warnings.filter((text) => /does not permit/.test(text)).length, 1);
  });
});
