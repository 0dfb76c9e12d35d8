import assert from 'node:assert/strict';
import type { TestPage } from '../../support/browser.ts';
import { makeEventfulLead, type EventfulLead } from '../../support/leads/eventful-lead.ts';
import { ADMIN_KEY } from '../build-ops-app.ts';
import { useOpsBrowser } from './browser-stage.ts';

type Stop = { name: string; isSeen: boolean; isNew: boolean };

// What has the focus: its name, whether a reader sees that it has it, and whether it has it for the first time.
const READ_STOP = `(() => {
  const at = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(at);
  const box = at.getBoundingClientRect();
  const isInView = box.width > 8 && box.height > 8 && box.bottom > 0 && box.right > 0 && box.top < innerHeight && box.left < innerWidth;
  const isNew = at !== document.body && (!('walked' in at.dataset) || at === window.lastStop);
  if (at !== document.body) at.dataset.walked = '';
  window.lastStop = at;
  const name = at.getAttribute('aria-label') ?? at.labels?.[0]?.textContent ?? at.textContent;
  return { name: name.trim(), isSeen: isInView && outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2, isNew };
})()`;

const LIST_UNREACHED = `[...document.querySelectorAll('a[href], button, input, select, textarea, summary, [tabindex="0"]')]
  .filter((each) => each.checkVisibility() && !each.disabled && !('walked' in each.dataset))
  .map((each) => each.outerHTML.slice(0, 120))`;

const MOST_STOPS = 250;

describe('the ops console by keyboard alone', function () {
  const ops = useOpsBrowser(this);
  let lead: EventfulLead;

  before(async () => {
    lead = await makeEventfulLead(ops.network);
  });

  it('goes from the login by an unknown word to a status by hand', async () => {
    const { conversionId } = await ops.network.aLead(await ops.network.partner());
    await assert.rejects(ops.network.report(conversionId, 'Storno'), { kind: 'unknown_status' });
    const page = await ops.open();
    await page.goto('/ops');
    await tabTo(page, 'Admin key');
    await page.keyboard.type(ADMIN_KEY);
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/ops$/);

    await press(page, 'Say what they mean');
    await page.waitForURL(/\/ops\/inbox$/);
    await skipToContent(page);
    await page.getByRole('row', { name: /storno/ }).waitFor();
    await press(page, 'Map', { href: /word=storno/ });
    await page.waitForURL(/\/ops\/inbox\/map/);
    await skipToContent(page);
    await tabTo(page, 'It means');
    await page.keyboard.type('rej');
    await press(page, 'Map and apply');
    await page.getByText('“storno” means rejected now. 1 of 1 kept call was recorded.').waitFor();

    await tabTo(page, 'Find anything');
    await page.keyboard.type(conversionId);
    await page.keyboard.press('Enter');
    await page.waitForURL(new RegExp(`/ops/conversions/${conversionId}$`));
    await skipToContent(page);
    await press(page, 'Give a status');
    await page.waitForURL(/\/status$/);
    await skipToContent(page);
    await tabTo(page, 'Status');
    await page.keyboard.type('app');
    await tabTo(page, 'Reason');
    await page.keyboard.type('The advertiser wrote.');
    await page.keyboard.press('Enter');
    await page.getByText('Recorded: it is approved now.').waitFor();
  });

  it('goes on at what was refused: at its field, else at what is said of the form', async () => {
    const page = await ops.signIn();
    await page.goto('/ops/keys');
    await tabTo(page, 'Name');
    await page.keyboard.type('Not A Name');
    await page.keyboard.press('Enter');
    await page.locator('[aria-invalid=true]').waitFor();
    assert.deepEqual(await page.evaluate('[document.activeElement.name, document.activeElement.value]'), [
      'name',
      'Not A Name',
    ]);
    await page.goto(`/ops/advertisers/${ops.network.advertiserId}/vocabulary`);
    await tabTo(page, 'Word 4');
    await page.keyboard.type('sale');
    await page.keyboard.press('Enter');
    await page.getByRole('alert').waitFor();
    assert.match(await page.evaluate<string>('document.activeElement.textContent'), /It was not saved/);
    await tabTo(page, 'Word 4');
  });

  it('reaches every control of every kind of page, shows where it is, and is held by none', async () => {
    const page = await ops.signIn({ viewport: { width: 1280, height: 900 } });
    for (const path of [
      ...['/ops', '/ops/conversions', '/ops/inbox', '/ops/imports/new', '/ops/keys'],
      ...[
        `/ops/leads/${lead.leadId}`,
        `/ops/conversions/${lead.conversionId}`,
        `/ops/prices/${ops.network.offerId}/new`,
      ],
      ...[`/ops/advertisers/${ops.network.advertiserId}/vocabulary`, `/ops/partners/${lead.last}/key`],
      ...[`/ops/partners/${lead.last}/ledger`, `/ops/advertisers/${ops.network.advertiserId}/pull`],
    ]) {
      await page.goto(path);
      await walk(page, path);
    }
  });

  it('comes on a phone to the area of the page that is shown, also where it asks or shows a secret', async () => {
    const page = await ops.signIn({ viewport: { width: 360, height: 780 } });
    const advertiser = `/ops/advertisers/${ops.network.advertiserId}`;
    for (const [path, area] of [
      [`/ops/partners/${lead.last}/key`, 'Partners'],
      [`${advertiser}/token`, 'Advertisers'],
      [`${advertiser}/signing-secret`, 'Advertisers'],
      [`/ops/offers/${ops.network.offerId}/pause`, 'Offers'],
    ] as const) {
      await page.goto(path);
      const current = page.getByRole('navigation', { name: 'Console' }).locator('[aria-current=page]');
      assert.equal((await current.innerText()).trim(), area);
      const box = await current.boundingBox();
      assert.ok(box && box.x >= 0 && box.x + box.width <= 360, `${area} is in view`);
    }
    await page.getByRole('link', { name: 'Leave it active' }).waitFor();
    await page.goto(`${advertiser}/signing-secret`);
    await page.getByRole('button', { name: 'Make a secret' }).click();
    await page.locator('#new-key').waitFor();
    assert.equal(await page.locator('.areas [aria-current=page]').innerText(), 'Advertisers');
  });
});

/** Presses Tab until what has this name has the focus. @param href what it leads to, where names repeat */
async function tabTo(page: TestPage, name: string, { href = /^/ }: { href?: RegExp } = {}): Promise<void> {
  for (let presses = 0; presses < MOST_STOPS; presses++) {
    await page.keyboard.press('Tab');
    const stop = await page.evaluate<Stop>(READ_STOP);
    const at = await page.evaluate<string>(`document.activeElement.getAttribute('href') ?? ''`);
    if (stop.name === name && href.test(at)) return;
  }
  assert.fail(`Tab does not reach ${name}`);
}

async function press(page: TestPage, name: string, which?: { href: RegExp }): Promise<void> {
  await tabTo(page, name, which);
  await page.keyboard.press('Enter');
}

/** The first stop of a page leads past what stands on every page. */
async function skipToContent(page: TestPage): Promise<void> {
  await page.keyboard.press('Tab');
  assert.equal((await page.evaluate<Stop>(READ_STOP)).name, 'Skip to the content');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate('document.activeElement.id'), 'main');
}

/** From the first stop to the last. */
async function walk(page: TestPage, path: string): Promise<void> {
  await page.keyboard.press('Tab');
  let stop = await page.evaluate<Stop>(READ_STOP);
  assert.equal(stop.name, 'Skip to the content', path);
  for (let stops = 0; stop.isNew; stops++) {
    assert.ok(stops < MOST_STOPS, `${path}: ${stop.name} does not let go of the focus`);
    assert.ok(stop.isSeen, `${path}: it is not seen that ${stop.name} has the focus`);
    await page.keyboard.press('Tab');
    stop = await page.evaluate<Stop>(READ_STOP);
  }
  assert.deepEqual(await page.evaluate<string[]>(LIST_UNREACHED), [], `${path}: Tab does not reach these`);
}
