import { proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import { hasReplayEnded, type ReplayCounts } from '../src/domain/postbacks/replay.ts';
import { bringForward } from './bring-forward.ts';
import type { ReplayActivities, ReplayInput, ReplayOutcome } from './long-jobs.ts';

// A worker that is killed is missed after the heartbeat's time. Nothing is sent twice when that comes too soon, except
// what was under way: whoever goes on takes the replay over.
const { replayBatch } = proxyActivities<ReplayActivities>({
  startToCloseTimeout: '60s',
  heartbeatTimeout: '6s',
  retry: { initialInterval: '500ms', backoffCoefficient: 2, maximumInterval: '30s' },
});
// Not behind other replays, which may take all places for activities.
const { cancelReplay } = proxyLocalActivities<ReplayActivities>({ startToCloseTimeout: '5s' });

/**
 * One replay: sends a partner's postbacks again, a while at a time, until nothing is left or it is cancelled. How far it
 * is, and what its partner asks for, stands in Postgres. One that is terminated is started anew after some minutes.
 */
export async function replay(input: ReplayInput): Promise<ReplayOutcome> {
  return await bringForward<ReplayCounts>(input, {
    doBatch: () => replayBatch.executeWithOptions({ summary: `replay → partner ${input.partnerId}` }, [input]),
    cancel: () => cancelReplay(input),
    hasEnded: hasReplayEnded,
    show: (counts) => describe(input, counts),
  });
}

/** Markdown for ops who read only the Web UI. */
function describe({ partnerId }: ReplayInput, { state, total, delivered, refused, skipped }: ReplayCounts): string {
  const dealtWith = delivered + refused + skipped;
  return [
    `Replay for partner \`${partnerId}\`: **${state}**, ${dealtWith} of ${total} postbacks dealt with.`,
    '',
    `- ${delivered} delivered`,
    `- ${refused} refused by the partner`,
    `- ${skipped} not sent: overtaken by a newer status, switched off, or sent by somebody else meanwhile`,
  ].join('\n');
}
