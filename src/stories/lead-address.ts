import { leadWorkflowId } from '../../workflows/contract.ts';

/** Where people look at workflows; null when no address of Temporal's Web UI is known. */
export type TemporalUi = { temporalUiUrl: string | null; temporalNamespace: string };

/** The lead, its workflow, and the page of Temporal's Web UI that shows it. */
export function viewLeadAddress(leadId: string, { temporalUiUrl, temporalNamespace }: TemporalUi) {
  const workflowId = leadWorkflowId(leadId);
  const namespace = encodeURIComponent(temporalNamespace);
  const page = `/namespaces/${namespace}/workflows/${encodeURIComponent(workflowId)}`;
  return {
    lead_id: leadId,
    workflow_id: workflowId,
    temporal_ui_url: temporalUiUrl === null ? null : temporalUiUrl.replace(/\/+$/, '') + page,
  };
}
