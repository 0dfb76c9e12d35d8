import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ConsolePlace } from '../console-place.ts';

/** What is signed for one purpose is never accepted for another. */
export type Purpose = 'session' | 'form' | 'flash';

export type ConsoleSecrets = {
  sign(purpose: Purpose, text: string): string;
  isSigned(purpose: Purpose, text: string, signature: string): boolean;
};

/**
 * Signs what a console gives to browsers.
 * @param secrets the first signs, all verify; leads and the other console have other uses of them
 */
export function createConsoleSecrets(secrets: string[], { name }: Pick<ConsolePlace, 'name'>): ConsoleSecrets {
  const [signing] = secrets;
  if (signing === undefined) throw new Error('LEAD_SECRET is empty: give at least one secret.');
  const signWith = (secret: string, purpose: Purpose, text: string) =>
    createHmac('sha256', secret).update(`${name} ${purpose}\n${text}`).digest();
  return {
    sign: (purpose, text) => signWith(signing, purpose, text).toString('base64url'),
    isSigned(purpose, text, signature) {
      const given = Buffer.from(signature, 'base64url');
      return secrets.some((secret) => {
        const expected = signWith(secret, purpose, text);
        return given.length === expected.length && timingSafeEqual(expected, given);
      });
    },
  };
}
