import { Pool } from 'undici';
import { conversionIn } from '../support/network-over-http.ts';

const CONNECTIONS = 64;

export type ClickLoad = {
  /** The conversions whose redirects came in so far. */
  answered: string[];
  /** Ends when every connection was ended by its answer, or none can be made any more. @returns the errors of requests that got no answer */
  ended: Promise<Error[]>;
};

/**
 * Visitors who click as fast as they are answered, each on a connection that is kept, until nobody answers any more. One
 * whose connection was ended by an answer does not come again: what a listener has not accepted when it closes is reset.
 */
export function startClickLoad(publicUrl: string, path: string): ClickLoad {
  const pool = new Pool(publicUrl, { connections: CONNECTIONS });
  const answered: string[] = [];
  const unanswered: Error[] = [];

  const clickOnAndOn = async () => {
    for (;;) {
      try {
        const { statusCode, headers, body } = await pool.request({ path, method: 'GET' });
        await body.dump();
        if (statusCode === 302) answered.push(conversionIn(headers['location']));
        if (headers['connection'] === 'close') return;
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ECONNREFUSED') return;
        unanswered.push(error as Error);
      }
    }
  };
  const ended = Promise.all(Array.from({ length: CONNECTIONS }, clickOnAndOn)).then(async () => {
    await pool.destroy();
    return unanswered;
  });
  return { answered, ended };
}
