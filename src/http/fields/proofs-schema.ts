import { z } from 'zod';
import type { OriginProofs } from '../../domain/origin-proofs.ts';
import { parseCidr } from '../../subnets.ts';

const MOST_ADDRESSES = 50;
const LONGEST_CIDR = 50;
// Wider ones let strangers in: a whole continent's providers fit into them.
const WIDEST = { ipv4: 8, ipv6: 19 };

const cidrSchema = z
  .string({ error: 'must be a text such as 192.0.2.0/24' })
  .max(LONGEST_CIDR, { error: 'is no CIDR', abort: true })
  .superRefine((cidr, context) => {
    const message = findCidrProblem(cidr);
    if (message !== undefined) context.addIssue({ code: 'custom', message });
  })
  .meta({ example: '192.0.2.0/24' });

const proofShape = {
  token: z.boolean({ error: 'must be true or false' }).meta({ description: 'Each call carries a live token.' }),
  signature: z
    .boolean({ error: 'must be true or false' })
    .meta({ description: 'Each call is signed with a live secret, as Standard Webhooks does it.' }),
};

/** By what an advertiser's calls show that they come from it. What would let anybody in is refused. */
export const proofsSchema = z
  .strictObject({
    ...proofShape,
    addresses: z
      .array(cidrSchema)
      .min(1, { error: 'must name an address, or be null for any: an empty list would let nobody in' })
      .max(MOST_ADDRESSES, { error: `has room for ${MOST_ADDRESSES} addresses` })
      .nullable()
      .meta({ description: 'CIDRs that calls may come from; null: from anywhere.' }),
  })
  .superRefine(({ token, signature, addresses }, context) => {
    if (token || signature || addresses !== null) return;
    const message = 'must be true unless signature or addresses is asked for: otherwise anybody could report';
    context.addIssue({ code: 'custom', path: ['token'], message });
  })
  .meta({ id: 'OriginProofs' });

/** The same as answers show it. */
export const shownProofsSchema = z.object({
  ...proofShape,
  addresses: z.array(z.string()).nullable(),
}) satisfies z.ZodType<OriginProofs>;

function findCidrProblem(cidr: string): string | undefined {
  try {
    const { family, prefix } = parseCidr(cidr);
    const widest = WIDEST[family];
    return prefix < widest ? `lets too many in: name a network of /${widest} or smaller` : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}
