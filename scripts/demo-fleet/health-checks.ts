import {get} from 'node:http';

export interface Checked {
  readonly name: string;
  readonly port: number;
}

export interface HealthChecks {
  isHealthy(name: string): boolean;
  end(): void;
}

interface Parts {
  /** those to ask now */
  readonly wanted: () => readonly Checked[];
  readonly tell: (text: string) => void;
}

const EVERY_MS = 500;
const TIMEOUT_MS = 2_000;
/** Failures in a row that make a host unhealthy; one pass makes it healthy again. */
const FAILURES = 2;

/** Asks hosts for their health twice a second, over a connection of its own each time. */
export const startHealthChecks = ({wanted, tell}: Parts): HealthChecks => {
  const failures = new Map<string, number>();
  const isHealthy = (name: string): boolean => (failures.get(name) ?? 0) < FAILURES;
  const check = async ({name, port}: Checked): Promise<void> => {
    const before = isHealthy(name);
    failures.set(name, (await passes(port)) ? 0 : (failures.get(name) ?? 0) + 1);
    if (before !== isHealthy(name)) tell(`${name} is ${before ? 'unhealthy' : 'healthy again'}`);
  };
  const timer = setInterval(() => {
    for (const host of wanted()) void check(host);
  }, EVERY_MS);
  return {isHealthy, end: () => clearInterval(timer)};
};

const passes = (port: number): Promise<boolean> =>
  new Promise(resolve => {
    const request = get({host: '127.0.0.1', port, path: '/healthz', agent: false, timeout: TIMEOUT_MS});
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(false));
    request.on('response', answer => resolve(answer.resume().statusCode === 200));
  });
