import {once} from 'node:events';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {type Fleet, makeFleet} from './fleet.ts';
import {howToPlay} from './how-to-play.ts';
import {tellStory} from './story.ts';
import {createView, type View} from './view.ts';

const EXIT = {good: 0, bad: 1, interrupted: 130} as const;

/** Runs the whole demo. Ends all it started and removes all it made, after a failure without the files. Gives the exit status. */
export const runDemo = async ({keep}: {readonly keep: boolean}): Promise<number> => {
  const stop = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, () => stop.abort());
  process.on('uncaughtException', error => stop.abort(error));
  const view = createView(process.stdout);
  const directory = await mkdtemp(join(tmpdir(), 'release-agent-demo-'));
  const remove = () => rm(directory, {recursive: true, force: true});
  const fleet = await makeFleet({directory, view}).catch(async error => {
    await remove();
    throw error;
  });
  view.note(`${fleet.hosts.length} hosts on this machine; everything is in ${directory}`);
  view.live(() => liveLine(fleet));
  const error = await perform({fleet, view, directory, keep}, stop.signal);
  const interrupted = error !== null && isInterruption(error);
  const problems = error === null || interrupted ? [] : [error.message];
  if (problems.length > 0) await showLogs({fleet, view});
  problems.push(...(await fleet.end({patient: error === null})), ...failedRequests(fleet));
  for (const problem of problems) view.problem(fleet.releases.inWords(problem));
  if (problems.length > 0) view.note(`The logs and all other files stay in ${directory}`);
  else await remove();
  view.end(closingLine(fleet));
  return problems.length > 0 ? EXIT.bad : interrupted ? EXIT.interrupted : EXIT.good;
};

interface Stage {
  readonly fleet: Fleet;
  readonly view: View;
}

// Gives what went wrong, the interruption, or null.
const perform = async (
  {fleet, view, directory, keep}: Stage & {readonly directory: string; readonly keep: boolean},
  signal: AbortSignal,
): Promise<Error | null> => {
  try {
    await tellStory({fleet, view}, signal);
    if (!keep) return null;
    howToPlay({fleet, directory, view});
    if (!signal.aborted) await once(signal, 'abort');
    return isInterruption(signal.reason) ? null : signal.reason;
  } catch (error) {
    return signal.aborted ? signal.reason : (error as Error);
  }
};

const isInterruption = (error: Error): boolean => error.name === 'AbortError';

const showLogs = async ({fleet, view}: Stage): Promise<void> => {
  for (const host of fleet.hosts) {
    view.heading(`The end of ${host.logFile}:`);
    view.note(await host.logTail());
  }
};

const failedRequests = ({load}: Fleet): readonly string[] =>
  load.failed() === 0 ? [] : [`${load.failed()} requests failed, such as ${load.failures().join('; ')}`];

const liveLine = ({hosts, balancer, load}: Fleet): string =>
  [
    `in traffic: ${hosts.map(({name}) => (balancer.isIn(name) ? name : '-'.repeat(name.length))).join(' ')}`,
    `${load.requests()} requests, ${load.failed()} failed`,
  ].join(' | ');

const closingLine = ({hosts, releases, load}: Fleet): string => {
  const {rolled, rolledBack} = releases.count();
  return `demo: ${hosts.length} hosts, ${rolled} releases rolled, ${rolledBack} rolled back, ${load.requests()} requests, ${load.failed()} failed`;
};
