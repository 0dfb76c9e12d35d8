import type { ConversionStory } from '../../src/stories/conversion-story.ts';
import { searchAttributeKeys } from '../../workflows/contract.ts';
import { createInCatalogue, readStory } from '../support/network-over-http.ts';
import { connectClient } from '../support/temporal/connection.ts';

/** A conversion as ops see it: by the admin API, and in Temporal's Web UI. */
export type OpsView = { story: ConversionStory; lead: LeadInTemporal };
export type LeadInTemporal = { leadStatus: string; linkedPartner: string; details: string };

/** Cashcat's own people: they fill the catalogue, and look at what became of a lead. */
export type Ops = {
  create<Created>(kind: 'partners' | 'advertisers' | 'offers', given: object): Promise<Created>;
  lookAt(conversionId: string): Promise<OpsView>;
  stop(): Promise<void>;
};

export async function startOps(opsUrl: string, temporalAddress: string): Promise<Ops> {
  const { workflow, connection } = await connectClient(temporalAddress);

  async function readLead(workflowId: string): Promise<LeadInTemporal> {
    const handle = workflow.getHandle(workflowId);
    const { typedSearchAttributes } = await handle.describe();
    const metadata = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    return {
      leadStatus: typedSearchAttributes.get(searchAttributeKeys.leadStatus) ?? '',
      linkedPartner: typedSearchAttributes.get(searchAttributeKeys.linkedPartner) ?? '',
      details: metadata.currentDetails,
    };
  }

  return {
    create: (kind, given) => createInCatalogue(opsUrl, kind, given),
    async lookAt(conversionId) {
      const story = await readStory(opsUrl, conversionId);
      return { story, lead: await readLead(story.workflow_id) };
    },
    stop: () => connection.close(),
  };
}
