import type { Metrics } from '../metrics.ts';
import type { GuardedClient } from './guarded-client.ts';

const MS_PER_SECOND = 1000;

/** The client, counting and timing the calls it makes to partners. */
export function measureClient(
  client: GuardedClient,
  metrics: Pick<Metrics, 'postbackAttempts' | 'postbackSeconds'>,
): Pick<GuardedClient, 'send'> {
  return {
    async send(call) {
      const outcome = await client.send(call);
      metrics.postbackAttempts.inc({
        result: outcome.delivered ? 'delivered' : (outcome.error ?? `http_${outcome.httpStatus}`),
      });
      metrics.postbackSeconds.observe(outcome.durationMs / MS_PER_SECOND);
      return outcome;
    },
  };
}
