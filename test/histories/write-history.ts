import { writeFile } from 'node:fs/promises';
import type { Client } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';

const folder = new URL('./', import.meta.url);

/** Keeps the history of one run as a recording of this name. */
export async function writeHistory(
  client: Client,
  { name, workflowId, runId }: { name: string; workflowId: string; runId?: string },
): Promise<void> {
  const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
  await writeFile(new URL(`${name}.json`, folder), `${withoutStacks(historyToJSON(history))}\n`);
}

/** Stacks name folders of the machine; a replay does not look at them. */
function withoutStacks(json: string): string {
  return JSON.stringify(
    JSON.parse(json, (key, value: unknown) => (key === 'stackTrace' ? undefined : value)),
    null,
    1,
  );
}
