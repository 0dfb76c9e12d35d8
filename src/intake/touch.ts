import type { Click } from '../db/clicks.ts';
import { judgeRefId } from '../domain/ref-id.ts';

const SAMPLE_LENGTH = 64;

/** R5: an unusable ref_id is noted with its beginning, so that its partner can find where it comes from. */
export function readTouch(partnerId: string, givenRefId: string | undefined): NonNullable<Click['touch']> {
  const { refId, problem } = judgeRefId(givenRefId);
  const refIdSample = problem === null || givenRefId === undefined ? null : takeSample(givenRefId);
  return { partnerId, refId, refIdProblem: problem, refIdSample };
}

function takeSample(refId: string): string {
  const beginning = [...refId.slice(0, 2 * SAMPLE_LENGTH)].slice(0, SAMPLE_LENGTH).join('');
  return beginning.toWellFormed().replace(/[\p{Cc}\p{Zl}\p{Zp}]/gu, '\ufffd');
}
