import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { EnvHttpProxyAgent, fetch } from 'undici';
import { registerSearchAttributes } from '../../../src/temporal/connect.ts';
import { cacheFolder, findOnPath } from '../../../src/dev/embedded/temporal-binary.ts';

const VERSION = '1.38.0';
const CONNECT_TIMEOUT_MS = 3000;
const STARTS = 20;
const folder = cacheFolder(process.env, `temporal-test-server-${VERSION}`);

/** Temporal's time-skipping test server, which knows the search attributes of leads. Whoever starts it ends it with `teardown()`. */
export async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  const env = await startWhatIsThere();
  await registerSearchAttributes(env.client);
  return env;
}

/** What the clock of a time-skipping server shows. */
export async function isoTimeOf(env: TestWorkflowEnvironment): Promise<string> {
  return new Date(await env.currentTimeMs()).toISOString();
}

/** The server kept from an earlier run, else the SDK's own download, else one put together by Maven. */
async function startWhatIsThere(): Promise<TestWorkflowEnvironment> {
  const hasJava = (await findOnPath('java', process.env)) !== undefined;
  const wrapper = join(folder, 'temporal-test-server');
  if (hasJava && existsSync(wrapper)) return startFrom(wrapper);
  const downloaded = await startFromDownload();
  if (downloaded) return downloaded;
  if (!hasJava || (await findOnPath('mvn', process.env)) === undefined) {
    throw new Error(
      "Temporal's time-skipping test server cannot be downloaded here. Install a JDK (17 or newer) and Maven, and it is put together from there.",
    );
  }
  await buildWithMaven();
  return startFrom(wrapper);
}

type Server = { executable: { type: 'existing-path'; path: string } };

function startFrom(path: string): Promise<TestWorkflowEnvironment> {
  return startPatiently({ executable: { type: 'existing-path', path } });
}

/** The SDK gives up when its server is not there after five seconds; on a busy machine Java alone can take longer. */
async function startPatiently(server?: Server): Promise<TestWorkflowEnvironment> {
  for (let start = 1; ; start++) {
    try {
      return await TestWorkflowEnvironment.createTimeSkipping({ server });
    } catch (error) {
      if (start === STARTS) throw error;
    }
  }
}

async function startFromDownload(): Promise<TestWorkflowEnvironment | undefined> {
  const isKept = (await readdir(tmpdir())).some((name) => name.startsWith('temporal-test-server-sdk-typescript'));
  if (!isKept && !(await isDownloadReachable())) return undefined;
  return startPatiently().catch(() => undefined);
}

/** The SDK itself would wait long for a network that answers nothing. */
async function isDownloadReachable(): Promise<boolean> {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  const signal = AbortSignal.timeout(2 * CONNECT_TIMEOUT_MS);
  try {
    await fetch('https://temporal.download/', { method: 'HEAD', dispatcher, signal });
    return true;
  } catch {
    return false;
  } finally {
    await dispatcher.destroy();
  }
}

async function buildWithMaven(): Promise<void> {
  const draft = `${folder}.${randomBytes(6).toString('hex')}`;
  try {
    await mkdir(join(draft, 'lib'), { recursive: true });
    await writeFile(join(draft, 'pom.xml'), POM);
    await promisify(execFile)('mvn', [
      ...['--quiet', '--batch-mode', '--file', join(draft, 'pom.xml'), 'dependency:copy-dependencies'],
      ...['-DincludeScope=runtime', `-DoutputDirectory=${join(draft, 'lib')}`],
    ]);
    await writeFile(join(draft, 'temporal-test-server'), WRAPPER, { mode: 0o755 });
    await mkdir(dirname(folder), { recursive: true });
    await rename(draft, folder);
  } catch (cause) {
    // Another test run may have finished the same work first.
    if (!existsSync(join(folder, 'temporal-test-server'))) {
      throw new Error(`Maven could not put the time-skipping test server together: ${String(cause)}`, { cause });
    }
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

const POM = `<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>cashcat</groupId>
  <artifactId>temporal-test-server</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>io.temporal</groupId><artifactId>temporal-test-server</artifactId><version>${VERSION}</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-nop</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
`;

// exec, so that a signal for the wrapper reaches the server; the flags shorten the start to under a second.
const WRAPPER = `#!/bin/sh
exec java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Xmx256m -cp "$(dirname "$0")/lib/*" io.temporal.testserver.TestServer "$@"
`;
