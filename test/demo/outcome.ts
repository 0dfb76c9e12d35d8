import type { OpsView } from './ops.ts';
import type { Stage } from './stage.ts';
import type { Promised } from './stories.ts';

/** How a story ended, in the words of its promise. */
export function outcomeOf({ story, lead }: OpsView, { alba, bluebird }: Stage): Promised {
  return {
    heard: { alba: alba.heard.map(({ what }) => what), bluebird: bluebird.heard.map(({ what }) => what) },
    postbacks: story.postbacks.map(({ status, partner_id, state, skip_reason }) => {
      return `${status} to ${partner_id}: ${state}${skip_reason === null ? '' : `, ${skip_reason}`}`;
    }),
    rewards: story.reward.entries.map(
      ({ kind, amount, currency, partner_id }) => `${kind} ${amount} ${currency} for ${partner_id}`,
    ),
    leadStatus: lead.leadStatus,
    linkedPartner: lead.linkedPartner,
  };
}

/** What everybody can see when the story is over. */
export function showOutcome({ story, lead }: OpsView, { narrator, alba, bluebird }: Stage): void {
  for (const { name, heard } of [alba, bluebird]) if (heard.length === 0) narrator.tell(name, 'hears nothing');
  narrator.show('ops', [
    ...story.timeline.map(({ at, what }) => `${at.slice(11, 23)}  ${what}`),
    `why: ${story.won_by?.why ?? 'nobody has won'}`,
  ]);
  narrator.show('Temporal', [
    `${story.workflow_id}  LeadStatus ${lead.leadStatus}, LinkedPartner ${lead.linkedPartner}`,
    lead.details.split('\n')[0] ?? '',
  ]);
}
