import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { windowEndsAt, type LeadState } from '../src/domain/lead.ts';
import { searchAttributesOf, type LeadPolicy, type LeadStatus, type LeadView } from './contract.ts';
import type { Deliveries } from './deliveries.ts';

export type LeadVisibility = {
  /** Brings search attributes and details up to date. */
  publish(): void;
  /** The answer of the `lead` query. */
  snapshot: () => LeadView;
};

type Shown = { leadId: string; policy: LeadPolicy; deliveries: Deliveries; lead: () => LeadState };

/** What people see of a lead in the Web UI. */
export function createLeadVisibility({ leadId, policy, deliveries, lead }: Shown): LeadVisibility {
  return {
    publish() {
      const view = snapshot();
      publishAttributes(view.status);
      setCurrentDetails(describeLead(view, policy, lead().story));
    },
    snapshot,
  };

  function snapshot(): LeadView {
    const { appliedSeq, holder, lastStatus, conversions } = lead();
    const endsAt = windowEndsAt(lead(), policy.windowMs);
    const isOver = endsAt !== undefined && Date.now() >= endsAt;
    return {
      leadId,
      appliedSeq,
      holder,
      status: lastStatus ?? (isOver ? 'expired' : 'open'),
      conversions,
      delivering: deliveries.underWay().map(({ postbackId, partnerId, status }) => ({ postbackId, partnerId, status })),
      openUntil: endsAt === undefined ? null : new Date(endsAt).toISOString(),
    };
  }

  // Each change is a history event, so only a real one is made.
  function publishAttributes(status: LeadStatus): void {
    const current = workflowInfo().typedSearchAttributes;
    const changed = searchAttributesOf(lead(), status).filter(
      ({ key, value }) => JSON.stringify(current.get(key) ?? []) !== JSON.stringify(value),
    );
    if (changed.length > 0) upsertSearchAttributes(changed);
  }
}

/** A short story in Markdown for ops who read only the Web UI. Holds no ref_id: it may be personal. */
function describeLead(view: LeadView, policy: LeadPolicy, story: string[]): string {
  const holder = view.holder ? `partner \`${view.holder.partnerId}\`` : 'the house';
  const delivering = view.delivering.map(
    ({ postbackId, partnerId, status }) => `- **${status}** → partner \`${partnerId}\`, postback \`${postbackId}\``,
  );
  const tries = `${policy.postbackAttempts} tries, ${policy.postbackIntervalMs / 1000} s apart; see Pending Activities for the next one`;
  return [
    `Held by ${holder}. Status: **${view.status}**. Open until ${view.openUntil ?? 'its first touch'}.`,
    ...(delivering.length > 0 ? ['', `Being sent (${tries}):`, ...delivering] : []),
    '',
    ...story.map((line) => `- ${line}`),
  ].join('\n');
}
