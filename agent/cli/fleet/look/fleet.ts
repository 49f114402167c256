import {standingOf} from '../../../core/fleet/operate/standing.ts';
import {chosen, countBy, type Filter} from '../../../core/fleet/operate/summary.ts';
import {PHASES} from '../../../core/host/state.ts';
import type {HostStatus} from '../../../core/host/status.ts';
import {reasonText} from '../../../core/reason.ts';
import {EXIT, type Terminal} from '../../terminal.ts';
import type {FleetOptions} from '../reach/options.ts';
import {type Reach, Refusal} from '../reach/reach.ts';
import {readFleet} from '../reach/read.ts';
import {fleetText, hostsText, type Shown} from './fleet-text.ts';

export interface LookOptions extends FleetOptions, Filter {
  readonly hosts?: true;
}

/** Shows a fleet. The exit code says whether it is where it should be, as that of `status` does for a host. */
export const look = async (reach: Reach, options: LookOptions, terminal: Terminal): Promise<number> => {
  const {phase} = options;
  if (phase !== undefined && !(PHASES as readonly string[]).includes(phase))
    throw new Refusal('operator.phase', `--phase: expected one of ${PHASES.join(', ')}`, EXIT.usage);
  const fleet = await readFleet(reach);
  const hosts = chosen(fleet.view.hosts, options);
  const isFiltered = hosts.length !== fleet.view.hosts.length;
  const shown = {name: reach.name, fleet, hosts, isFiltered};
  if (options.json) terminal.say(JSON.stringify(documentOf(shown, options.hosts === true)));
  else terminal.say(options.hosts ? hostsText(hosts, fleet.view.now) : fleetText(shown));
  return isWell(shown) ? EXIT.ok : EXIT.unsettled;
};

const isWell = ({fleet: {view, unreadable}}: Shown): boolean =>
  ['proven', 'idle'].includes(standingOf(view)) &&
  view.ledger.blocked === null &&
  view.freeze === null &&
  view.missing.length === 0 &&
  unreadable.length === 0;

const documentOf = ({name, fleet, hosts}: Shown, withHosts: boolean) => {
  const {view, coordinator, unreadable} = fleet;
  const {ledger, desired, policy, freeze, lock, missing, now} = view;
  const told = (cause: Parameters<typeof reasonText>[0]) => ({kind: cause.kind, text: reasonText(cause)});
  return {
    fleet: name,
    now,
    standing: standingOf(view),
    desired,
    policy,
    freeze,
    lock,
    coordinator,
    ledger: {...ledger, blocked: ledger.blocked && told(ledger.blocked)},
    missing,
    unreadable: unreadable.map(told),
    counts: {
      hosts: hosts.length,
      releases: countBy(hosts, ({active}) => active ?? ''),
      zones: countBy(hosts, ({zone}) => zone),
      phases: countBy(hosts, ({phase}) => phase),
    },
    ...(withHosts && {
      hosts: hosts.map((host: HostStatus) => ({...host, reason: host.reason && told(host.reason)})),
    }),
  };
};
