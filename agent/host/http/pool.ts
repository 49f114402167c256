import {Agent} from 'node:http';
import {https} from './lazy.ts';

/** Connections that are kept after a call, for the next one to the same address with the same TLS files. */
export interface Pool {
  /** what `node:http` or `node:https` takes them from */
  agent(secure: boolean): Agent;
  close(): void;
}

/** A pool without connections yet. `maxSockets` bounds those to one address; further calls wait for one. */
export const createPool = ({maxSockets}: {readonly maxSockets?: number} = {}): Pool => {
  const options = {keepAlive: true, ...(maxSockets !== undefined && {maxSockets})};
  let open: {readonly secure: boolean; readonly agent: Agent} | undefined;
  return {
    agent: secure => {
      if (open?.secure !== secure) open = {secure, agent: new (secure ? https().Agent : Agent)(options)};
      return open.agent;
    },
    close: () => open?.agent.destroy(),
  };
};
