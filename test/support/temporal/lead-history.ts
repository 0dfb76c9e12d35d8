import type { Client } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import type { LeadEvent } from '../../../src/domain/lead-event.ts';
import { leadWorkflowId } from '../../../workflows/contract.ts';

/** The run ids of a lead, the first one first. */
export async function runsOf({ workflow }: Client, leadId: string): Promise<string[]> {
  const workflowId = leadWorkflowId(leadId);
  const runs: string[] = [];
  let runId = (await workflow.getHandle(workflowId).describe()).raw.workflowExecutionInfo?.firstRunId;
  while (runId) {
    runs.push(runId);
    const { events } = await workflow.getHandle(workflowId, runId).fetchHistory();
    runId = events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId;
  }
  return runs;
}

/** The numbers of the events in each signal that a lead's latest run, or this run, has received. */
export async function signalsOf({ workflow }: Client, leadId: string, runId?: string): Promise<number[][]> {
  const { events } = await workflow.getHandle(leadWorkflowId(leadId), runId).fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
    const [payload] = signal?.input?.payloads ?? [];
    if (!payload) return [];
    const { events: sent } = defaultPayloadConverter.fromPayload<{ events: LeadEvent[] }>(payload);
    return [sent.map(({ seq }) => seq)];
  });
}
