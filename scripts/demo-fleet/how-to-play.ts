import {relative} from 'node:path';
import process from 'node:process';
import {APPLICATION} from './application.ts';
import type {Fleet} from './fleet.ts';
import {AGENTCTL, environmentFor} from './operator.ts';
import type {View} from './view.ts';

interface Stage {
  readonly fleet: Fleet;
  readonly directory: string;
  readonly view: View;
}

/** Says what can be done with a fleet that keeps running. */
export const howToPlay = ({fleet, directory, view}: Stage): void => {
  const {hosts, balancer} = fleet;
  const [repository, desired, ...sockets] = [
    fleet.repository,
    fleet.desired,
    ...hosts.map(({socket}) => socket),
  ].map(path => relative(directory, path));
  const to = `--socket ${sockets[0]}`;
  const exports = Object.entries(environmentFor(fleet.store))
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
  view.heading('The fleet keeps running, and so do the requests. Ctrl-C here ends it. In another terminal:');
  view.note(`
  cd ${directory}
  agentctl() { ${process.execPath} ${AGENTCTL} "$@"; }
  export ${exports}

  # Where the fleet stands, and what happened in it.
  agentctl fleet
  agentctl history --fleet

  # What one of the hosts does, and why; what happened on it; which release answers.
  agentctl status ${to}
  agentctl history ${to}
  curl ${balancer.url}/

  # A release 4 that is as it should be.
  sed -i 's/release = 3/release = 4/; s/cacheIn = .*/cacheIn = null;/' ${repository}/${APPLICATION.file}
  git -C ${repository} commit -am 'release 4'

  # Ask for it: write its revision into the key, or let agentctl do that, and watch.
  echo $(git -C ${repository} rev-parse HEAD) > ${desired}
  agentctl deploy $(git -C ${repository} rev-parse HEAD) --yes
  agentctl watch

  # One host goes back, and tries again.
  agentctl rollback --yes ${to}
  agentctl retry ${to}

  # What the agents log.
  tail -f */agent.log
`);
};
