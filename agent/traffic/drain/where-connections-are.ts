import {type Reason, reason} from '../../core/reason.ts';
import type {Connection} from '../../host/sockets/connection.ts';
import {isForwarded} from '../../host/sockets/forwarded.ts';
import {readConnectionsInside} from '../../host/sockets/inside.ts';
import {elsewhere, listeningPorts} from '../../host/sockets/listening.ts';
import {readConnections} from '../../host/sockets/sockets.ts';

/** What the drain needs to know of the application besides its ports. */
export interface Application {
  /** whether its units or processes are up */
  isRunning(signal: AbortSignal): Promise<boolean>;
  /** its processes */
  processes(signal: AbortSignal): Promise<readonly number[]>;
}

interface Parts {
  readonly ports: readonly number[];
  readonly application: Application;
  readonly bySystemd: boolean;
}

/** Where the connections to the ports can be seen. */
interface Places {
  /** in the network namespace of the agent */
  readonly here: readonly number[];
  /** in those of processes of the application */
  readonly inside: readonly {readonly pid: number; readonly ports: readonly number[]}[];
  /** nowhere */
  readonly unseen: Reason | null;
}

const EVERY_MS = 100;
/** Entering another namespace takes a program each time, with systemd a service. */
const EVERY_INSIDE_MS = 500;

/** Sees the application's connections, in whatever network namespace it listens, and knows when it cannot see them. */
export const sight = (parts: Parts) => {
  let places: Places | null = null;
  const readAll = async ({here, inside}: Places, signal: AbortSignal) => {
    const {bySystemd} = parts;
    const all = await Promise.all([
      readConnections(here, signal),
      ...inside.map(({pid, ports}) => readConnectionsInside({pid, ports, bySystemd}, signal)),
    ]);
    return all.flat();
  };
  return {
    /** Throws `child.*`; the next call then looks anew where the application is. */
    connections: async (signal: AbortSignal): Promise<readonly Connection[]> => {
      if (places === null || places.unseen !== null) places = await findPlaces(parts, signal);
      try {
        return await readAll(places, signal);
      } catch (error) {
        places = null;
        throw error;
      }
    },
    /** Why the last call cannot have given all; null when it has. */
    unseen: (): Reason | null => places?.unseen ?? null,
    /** how soon to look again, ms */
    everyMs: (): number =>
      places && places.inside.length === 0 && places.unseen === null ? EVERY_MS : EVERY_INSIDE_MS,
  };
};

const findPlaces = async ({ports, application}: Parts, signal: AbortSignal): Promise<Places> => {
  if (ports.length === 0) return {here: [], inside: [], unseen: null};
  const others = await Promise.all(
    (await elsewhere(await application.processes(signal))).map(async pid => ({
      pid,
      listening: await listeningPorts(pid),
    })),
  );
  const holderOf = (port: number) => others.find(({listening}) => listening.has(port));
  const inside = others
    .map(other => ({pid: other.pid, ports: ports.filter(port => holderOf(port) === other)}))
    .filter(other => other.ports.length > 0);
  const here = ports.filter(port => holderOf(port) === undefined);
  const isOpen = await listeningPorts('self');
  const elsewherePorts = others.flatMap(({listening}) => [...listening]);
  for (const port of here) {
    const cause = await blindness({port, isOpen: isOpen.has(port), elsewherePorts, application}, signal);
    if (cause !== null) return {here, inside, unseen: reason('drain.unseen', {port, cause})};
  }
  return {here, inside, unseen: null};
};

interface Port {
  readonly port: number;
  /** somebody listens on it in the agent's network namespace */
  readonly isOpen: boolean;
  /** the ports on which the application listens in other namespaces */
  readonly elsewherePorts: readonly number[];
  readonly application: Application;
}

const blindness = async (
  {port, isOpen, elsewherePorts, application}: Port,
  signal: AbortSignal,
): Promise<string | null> => {
  if (elsewherePorts.length > 0)
    return `the application has a network namespace of its own, where it listens on ${elsewherePorts.join(', ')}`;
  if (isOpen) return (await isForwarded(port)) ? 'Docker forwards it into a container' : null;
  if (!(await application.isRunning(signal))) return null;
  if ((await readConnections([port], signal)).length > 0) return null;
  return "nobody listens on it in the host's network namespace, though the application runs";
};
