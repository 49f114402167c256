import type {Tags} from '../fragments/tags.ts';
import type {RoleValues, WebhookValues} from '../fragments/values.ts';
import type {OptionName, Values} from '../options/options.ts';

/** Everything that was read, each value right by itself. */
export interface Whole {
  readonly values: Values;
  readonly tags: Tags;
  /** false: nobody knows yet which tags the instance will have */
  readonly asked: boolean;
  /** the tables that are there, even when empty */
  readonly tables: ReadonlySet<string>;
  readonly roles: ReadonlyMap<string, RoleValues>;
  readonly webhooks: ReadonlyMap<string, WebhookValues>;
  readonly units: readonly string[];
  readonly command: readonly string[] | undefined;
}

/** How several options go together. It is only asked when none of `names` is wrong by itself. */
export interface Rule {
  /** the first one is the name of the problem */
  readonly names: readonly OptionName[];
  /** what was expected when the rule is broken, else null */
  readonly broken: (whole: Whole) => {
    readonly expected: string;
    readonly got?: string;
    readonly hint?: string;
  } | null;
}
