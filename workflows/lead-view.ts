import { setCurrentDetails, upsertSearchAttributes, workflowInfo } from '@temporalio/workflow';
import { windowEndsAt, type LeadState } from '../src/domain/lead.ts';
import { searchAttributesOf, type LeadPolicy, type LeadStatus, type LeadView } from './contract.ts';
import type { Deliveries } from './deliveries.ts';

// People look at the details on one page.
const MAX_SHOWN = 20;

/** What the view of a lead is made of. */
type Shown = { leadId: string; policy: LeadPolicy; state: LeadState; deliveries: Pick<Deliveries, 'underWay'> };

/** Brings up to date what people see of a lead in the Web UI: search attributes and details. */
export function publish(lead: Shown): void {
  const view = viewOf(lead);
  publishAttributes(lead.state, view.status);
  setCurrentDetails(describeLead(view, lead.policy, lead.state.story));
}

/** The answer of the `lead` query. */
export function viewOf({ leadId, policy, state, deliveries }: Shown): LeadView {
  const { appliedSeq, holder, lastStatus, conversions } = state;
  const endsAt = windowEndsAt(state, policy.windowMs);
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
function publishAttributes(state: LeadState, status: LeadStatus): void {
  const current = workflowInfo().typedSearchAttributes;
  const changed = searchAttributesOf(state, status).filter(
    ({ key, value }) => JSON.stringify(current.get(key) ?? []) !== JSON.stringify(value),
  );
  if (changed.length > 0) upsertSearchAttributes(changed);
}

/** Markdown for ops who read only the Web UI. Holds no ref_id: it may be personal. */
function describeLead(view: LeadView, policy: LeadPolicy, story: string[]): string {
  const holder = view.holder ? `partner \`${view.holder.partnerId}\`` : 'the house';
  const delivering = view.delivering
    .slice(0, MAX_SHOWN)
    .map(
      ({ postbackId, partnerId, status }) => `- **${status}** → partner \`${partnerId}\`, postback \`${postbackId}\``,
    );
  const more = view.delivering.length - delivering.length;
  if (more > 0) delivering.push(`- and ${more} more`);
  const attempts = `${policy.postbackAttempts} attempts, ${policy.postbackIntervalMs / 1000} s apart; see Pending Activities for the next one`;
  return [
    `Held by ${holder}. Status: **${view.status}**. Open until ${view.openUntil ?? 'its first touch'}.`,
    ...(delivering.length > 0 ? ['', `Being sent (${attempts}):`, ...delivering] : []),
    '',
    ...story.map((line) => `- ${line}`),
  ].join('\n');
}
