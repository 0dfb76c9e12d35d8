import { upsertMemo } from '@temporalio/workflow';
import { lead as unchanged } from '../../../../workflows/lead.ts';
import { importFile as unchangedImport } from '../../../../workflows/import.ts';
import { replay as unchangedReplay } from '../../../../workflows/replay.ts';
import { pull as unchangedPull } from '../../../../workflows/pull.ts';
import { retention as unchangedRetention, type Retained } from '../../../../workflows/retention.ts';
import type { LeadInput, LeadOutcome } from '../../../../workflows/contract.ts';
import type {
  ImportInput,
  ImportOutcome,
  PullInput,
  PullOutcome,
  ReplayInput,
  ReplayOutcome,
} from '../../../../workflows/long-jobs.ts';

/** The lead as it must not be changed: it begins with a command that the leads under way have never given. */
export async function lead(input: LeadInput): Promise<LeadOutcome> {
  upsertMemo({ changed: true });
  return await unchanged(input);
}

/** The replay as it must not be changed, in the same way. */
export async function replay(input: ReplayInput): Promise<ReplayOutcome> {
  upsertMemo({ changed: true });
  return await unchangedReplay(input);
}

/** The import as it must not be changed. */
export async function importFile(input: ImportInput): Promise<ImportOutcome> {
  upsertMemo({ changed: true });
  return await unchangedImport(input);
}

/** The run of retention as it must not be changed. */
export async function retention(): Promise<Retained> {
  upsertMemo({ changed: true });
  return await unchangedRetention();
}

/** The pull as it must not be changed. */
export async function pull(input: PullInput): Promise<PullOutcome> {
  upsertMemo({ changed: true });
  return await unchangedPull(input);
}
