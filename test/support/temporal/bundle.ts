import { bundleWorkflows } from '../../../src/temporal/workflow-bundle.ts';

let bundle: ReturnType<typeof bundleWorkflows> | undefined;

/** The workflow code, bundled from the sources once per test run. */
export function testBundle(): ReturnType<typeof bundleWorkflows> {
  return (bundle ??= bundleWorkflows({ debug: () => undefined }));
}
