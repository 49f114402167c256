import {Agent, type IncomingMessage, request, type ServerResponse} from 'node:http';
import {pipeline} from 'node:stream';

export interface Backend {
  readonly name: string;
  readonly port: number;
  isIn(): boolean;
  /** No new request comes here from now on; each connection closes as it becomes idle. */
  leave(): void;
  rejoin(): void;
  forward(from: IncomingMessage, to: ServerResponse): void;
  close(): void;
}

interface Parts {
  readonly name: string;
  readonly port: number;
  readonly tell: (text: string) => void;
}

const IDLE_CONNECTIONS = 16;
/** Headers that belong to one connection (RFC 9110, 7.6.1). */
const OF_CONNECTION = new Set(['connection', 'keep-alive', 'transfer-encoding']);

/** One host as the load balancer sees it; out of traffic until it joins. */
export const createBackend = ({name, port, tell}: Parts): Backend => {
  const agent = new Agent({keepAlive: true});
  let [joined, inFlight, leftAt] = [false, 0, 0];

  const answered = (): void => {
    inFlight -= 1;
    if (joined || inFlight > 0) return;
    const seconds = ((performance.now() - leftAt) / 1000).toFixed(1);
    tell(`${name} answered the last of them after ${seconds} s`);
  };

  return {
    name,
    port,
    isIn: () => joined,
    leave: () => {
      if (!joined) return;
      [joined, leftAt] = [false, performance.now()];
      agent.maxFreeSockets = 0;
      for (const socket of Object.values(agent.freeSockets).flat()) socket?.destroy();
      tell(`${name} is out of traffic; requests still in flight there: ${inFlight}`);
    },
    rejoin: () => {
      if (joined) return;
      joined = true;
      agent.maxFreeSockets = IDLE_CONNECTIONS;
      tell(`${name} is in traffic`);
    },
    forward: (from, to) => {
      inFlight += 1;
      pass({name, port, agent, from, to}).on('close', answered);
    },
    close: () => agent.destroy(),
  };
};

/** Answers a client in the load balancer's own name. */
export const refuse = (to: ServerResponse, status: number, text: string): void => {
  to.writeHead(status, {'content-type': 'text/plain'});
  to.end(`${text}\n`);
};

interface Passing {
  readonly name: string;
  readonly port: number;
  readonly agent: Agent;
  readonly from: IncomingMessage;
  readonly to: ServerResponse;
}

// Once and no more: what a host does not answer is a failed request.
const pass = ({name, port, agent, from, to}: Passing) => {
  const {method = 'GET', url: path = '/'} = from;
  const headers = endToEnd(from.headers);
  const onward = request({host: '127.0.0.1', port, agent, method, path, headers});
  onward.on('response', answer => {
    to.writeHead(answer.statusCode ?? 502, endToEnd(answer.headers));
    pipeline(answer, to, () => undefined);
  });
  onward.on('error', error => {
    if (to.headersSent) to.destroy();
    else refuse(to, 502, `${name}: ${error.message}`);
  });
  to.on('close', () => to.writableFinished || onward.destroy());
  pipeline(from, onward, () => undefined);
  return onward;
};

const endToEnd = (headers: IncomingMessage['headers']): IncomingMessage['headers'] =>
  Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_CONNECTION.has(name)));
