import type { ZodOpenApiPathsObject } from 'zod-openapi';
import { describeConversionCalls } from './conversions/conversion-openapi.ts';
import { describeEarningsCalls } from './earnings/earnings-openapi.ts';
import { describeKeyCalls } from './key/key-openapi.ts';
import { describePostbackCalls } from './postbacks/postback-openapi.ts';
import { describePresetCalls } from './presets/preset-openapi.ts';
import { describeReplayCalls } from './replays/replay-openapi.ts';
import { describeSettingsCalls } from './settings/settings-openapi.ts';
import { describeStatsCalls } from './stats/stats-openapi.ts';
import { describeSigningCalls } from './signing/signing-openapi.ts';
import { describeTestCalls } from './test-calls/test-call-openapi.ts';

/** The partner's own API, as part of the public OpenAPI document. */
export function describePartnerCalls(): ZodOpenApiPathsObject {
  return {
    ...describeSettingsCalls(),
    ...describeTestCalls(),
    ...describePresetCalls(),
    ...describePostbackCalls(),
    ...describeReplayCalls(),
    ...describeConversionCalls(),
    ...describeStatsCalls(),
    ...describeEarningsCalls(),
    ...describeSigningCalls(),
    ...describeKeyCalls(),
  };
}
