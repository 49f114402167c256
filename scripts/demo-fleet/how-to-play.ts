import {relative} from 'node:path';
import process from 'node:process';
import {APPLICATION} from './application.ts';
import {AGENTCTL, type Fleet} from './fleet.ts';
import type {View} from './view.ts';

/** Says what can be done with a fleet that keeps running. */
export const howToPlay = ({fleet, view}: {readonly fleet: Fleet; readonly view: View}): void => {
  const {hosts, repository, desired, balancer} = fleet;
  const node = shorter(process.execPath);
  const agentctl = `${node} ${shorter(AGENTCTL)}`;
  const [socket = ''] = hosts.map(host => host.socket);
  view.heading(
    'The fleet keeps running, and so do the requests. Ctrl-C ends it. From another terminal, here:',
  );
  const lines = [
    ['what a host does and why (there are three)', `${agentctl} status --socket ${socket}`],
    ['what happened on it', `${agentctl} history --socket ${socket}`],
    ['which release answers', `curl ${balancer.url}/`],
    ['a release 4: mend the name of the database, and commit', ''],
    ['', `sed -i "s/release = 3/release = 4/; s/odrers/orders/" ${repository}/${APPLICATION.file}`],
    ['', `git -C ${repository} commit -am "release 4"`],
    ['ask for it: any way to write the key will do', `git -C ${repository} rev-parse HEAD > ${desired}`],
    ['or let an agent write it', `${agentctl} deploy main --yes --socket ${socket}`],
    ['take one host back, and let it try again', `${agentctl} rollback --yes --socket ${socket}`],
    ['', `${agentctl} retry --socket ${socket}`],
  ] as const;
  for (const [what, command] of lines) {
    if (what !== '') view.note(`\n  # ${what}`);
    if (command !== '') view.note(`  ${command}`);
  }
  view.note(`\n  # the agents' logs\n  tail -f ${hosts.map(({logFile}) => logFile).join(' ')}\n`);
};

const shorter = (path: string): string => {
  const near = relative(process.cwd(), path);
  return near.startsWith('..') ? path : near;
};
