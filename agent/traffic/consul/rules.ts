import {failureOf} from '../../consul/error.ts';

/** The catalog shows checks only to tokens that may read their nodes. */
export const NODE_RULE = 'node_prefix "" { policy = "read" }';

/** To see the service at the local agent and to change its maintenance. */
export const serviceRule = (service: string): string => `service "${service}" { policy = "write" }`;

/** The error for a token that lacks a rule; for one that Consul does not know it is what Consul said. */
export const lacksRule = (what: string, rule: string, said = 'Permission denied'): Error =>
  /permission denied/i.test(said)
    ? new Error(`the token may not ${what}: it needs ${rule}`)
    : failureOf({status: 403, text: said});
