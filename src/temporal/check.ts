import type { Client } from '@temporalio/client';

// However many ask whether a process is ready, Temporal hears of it this often.
const ASK_EVERY_MS = 3000;
const ANSWER_TIMEOUT_MS = 1000;

type Look = { at: number; answer: Promise<void> };

const latestLooks = new WeakMap<Client, Look>();

/**
 * Asks for what Temporal cannot answer without its store: a frontend whose database is away takes no work either.
 * The answer may be three seconds old.
 *
 * @throws when Temporal, or the namespace of the client, is not there
 */
export async function checkTemporal(client: Client): Promise<void> {
  const latest = latestLooks.get(client);
  if (latest && performance.now() - latest.at < ASK_EVERY_MS) return await latest.answer;
  const look = { at: performance.now(), answer: ask(client) };
  latestLooks.set(client, look);
  await look.answer;
}

async function ask(client: Client): Promise<void> {
  const { namespace } = client.options;
  try {
    await client.withDeadline(Date.now() + ANSWER_TIMEOUT_MS, () =>
      client.workflowService.describeNamespace({ namespace }),
    );
  } catch (cause) {
    throw new Error('Temporal does not answer.', { cause });
  }
}
