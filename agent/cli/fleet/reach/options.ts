import {Command} from 'commander';

/** Options that every verb for a whole fleet has. */
export interface FleetOptions {
  readonly json?: true;
  readonly store?: string;
  readonly app?: string;
  readonly channel?: string;
  readonly tokenFile?: string;
}

/** Options of those that change something. */
export interface ChangeOptions extends FleetOptions {
  readonly yes?: true;
}

/** A command for a whole fleet: it speaks to the store, from any machine that reaches it. */
export const fleetVerb = (name: string, about: string): Command =>
  withPlace(new Command(name).description(about).option('--json', 'print JSON'));

/** The options that say where the fleet is found. */
export const withPlace = (command: Command): Command =>
  command
    .option('--store <url>', "the fleet's store (RELEASE_AGENT_STORE, else this host's)")
    .option('--app <name>', "the fleet's app (RELEASE_AGENT_APP, else this host's)")
    .option('--channel <name>', "the fleet's channel (RELEASE_AGENT_CHANNEL, else this host's)")
    .option(
      '--token-file <file>',
      "holds your token for the store (CONSUL_HTTP_TOKEN_FILE, else this host's)",
    );
