import { z } from 'zod';
import { warningCodes } from '../../../domain/postbacks/settings-warning.ts';
import { partnerWarningCodes } from '../../../stories/partner-warnings.ts';

function warningsOf<Code extends string>(codes: readonly Code[]) {
  return z.array(z.object({ code: z.enum(codes), field: z.string(), message: z.string() }));
}

export const settingsWarningsSchema = warningsOf(warningCodes).meta({
  description: 'What may cost you money although it can be saved and sent.',
});

export const partnerWarningsSchema = warningsOf(partnerWarningCodes).meta({
  description: 'What costs you money, in your settings and in what your visits bring.',
});
