import { ApplicationFailure } from '@temporalio/common';
import {
  type DeliveryResult,
  NOT_ACCEPTED,
  NOT_RECORDED,
  type LeadPolicy,
  type UnrecordedAttempt,
} from '../../workflows/contract.ts';
import { conversion, status, touch, type Fact } from '../support/leads/events.ts';

export type ShapeName = keyof typeof shapes;

type Shape = {
  policy?: Partial<LeadPolicy>;
  /** What comes of each attempt to deliver; 200 when nothing is said. */
  attempts?: (() => { result: DeliveryResult })[];
  /** How often settling fails before it works. */
  settleFailures?: number;
  play: (lead: RecordedLead) => Promise<void>;
};

/** A lead whose history is being recorded. */
export type RecordedLead = {
  /** Commits facts and relays them; resolves when the workflow has applied them. */
  hear(...facts: Fact[]): Promise<void>;
  /** Commits facts that are not relayed. */
  miss(...facts: Fact[]): void;
  /** Resolves when nothing is being delivered any more. */
  allDelivered(): Promise<void>;
  /** Resolves when an attempt has failed and the next one is waited for. */
  betweenAttempts(): Promise<void>;
  /** Resolves when the lead goes on in another run. */
  continued(): Promise<void>;
};

const TOUCHES_BEYOND_A_RUN = 30;

function refused(): never {
  throw ApplicationFailure.create({ message: 'HTTP 500; only HTTP 200 counts.', type: NOT_ACCEPTED });
}

function interrupted(): never {
  throw ApplicationFailure.create({ message: 'Postgres is away.', nonRetryable: true });
}

function notRecorded(): never {
  const outcome = {
    delivered: true,
    httpStatus: 200,
    error: null,
    location: null,
    responseBody: null,
    durationMs: 7,
  };
  const made: UnrecordedAttempt = { attempt: 1, outcome };
  throw ApplicationFailure.create({
    message: 'Postgres is away.',
    type: NOT_RECORDED,
    nonRetryable: true,
    details: [made],
  });
}

/** A partner's lead whose only conversion is approved, and told to its partner. */
async function approveOnce(lead: RecordedLead): Promise<void> {
  await lead.hear(touch('ann', 'a1'), conversion());
  await lead.hear(status('approved'));
  await lead.allDelivered();
}

/** The main shapes that the life of a lead can take. Each ends with its window unless it says otherwise. */
export const shapes = {
  'touches-then-expiry': {
    async play(lead) {
      await lead.hear(touch('ann', 'a1'));
      await lead.hear(touch('ann'));
      await lead.hear(touch('bob', 'b1'), touch('ann', 'a2'));
    },
  },
  'pending-then-approved': {
    async play(lead) {
      await lead.hear(touch('ann', 'a1'), conversion());
      await lead.hear(status('pending'));
      await lead.allDelivered();
      await lead.hear(status('approved'));
      await lead.allDelivered();
    },
  },
  'three-failing-tries': {
    policy: { postbackIntervalMs: 200 },
    attempts: [refused, refused, refused],
    play: approveOnce,
  },
  'superseded-between-tries': {
    attempts: [refused],
    async play(lead) {
      await lead.hear(touch('ann', 'a1'), conversion());
      await lead.hear(status('pending'));
      await lead.betweenAttempts();
      await lead.hear(status('approved'));
      await lead.allDelivered();
    },
  },
  reversal: {
    async play(lead) {
      await lead.hear(touch('ann', 'a1'), conversion(), status('approved'));
      await lead.allDelivered();
      await lead.hear(touch('bob', 'b1'));
      await lead.hear(status('rejected'));
      await lead.allDelivered();
    },
  },
  'two-conversions': {
    policy: { postbackIntervalMs: 200 },
    attempts: [refused],
    async play(lead) {
      await lead.hear(touch('ann', 'a1'), conversion('c1'), conversion('c2'));
      await lead.hear(status('approved', 'c1'), status('approved', 'c2'));
      await lead.allDelivered();
    },
  },
  house: {
    async play(lead) {
      await lead.hear(conversion());
      await lead.hear(status('approved'));
    },
  },
  'gap-healed': {
    async play(lead) {
      await lead.hear(touch('ann', 'a1'));
      lead.miss(conversion(), touch('bob', 'b1'));
      await lead.hear(status('approved'));
      await lead.allDelivered();
    },
  },
  'settled-after-an-outage': {
    settleFailures: 2,
    play: approveOnce,
  },
  'interrupted-deliveries': {
    policy: { postbackIntervalMs: 200 },
    attempts: [refused, interrupted, notRecorded],
    play: approveOnce,
  },
  'continued-as-new': {
    async play(lead) {
      await lead.hear(touch('ann', 'a1'), conversion(), status('pending'));
      await lead.allDelivered();
      for (let count = 0; count < TOUCHES_BEYOND_A_RUN; count++) await lead.hear(touch('bob', `b${count}`));
      await lead.continued();
      await lead.hear(status('approved'));
      await lead.allDelivered();
    },
  },
} satisfies Record<string, Shape>;

export const shapeNames = Object.keys(shapes) as ShapeName[];

export function shapeOf(name: ShapeName): Shape {
  return shapes[name];
}
