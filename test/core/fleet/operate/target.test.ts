import t from 'tap';
import type {Ledger} from '../../../../agent/core/fleet/ledger.ts';
import {
  carriedFrom,
  promotedFrom,
  revertedTo,
  type Target,
  unifiedOn,
} from '../../../../agent/core/fleet/operate/target.ts';
import type {FleetView} from '../../../../agent/core/fleet/plan.ts';
import {parseRelease} from '../../../../agent/core/release.ts';
import {host, NEW, OLD, rollout, view} from '../fleet.ts';

const OLDER = 'snap-00000000';

/** A fleet that asks for this release, and has begun. */
const asking = (
  release: string,
  hosts: readonly string[],
  ledger: Partial<Ledger> = {},
  desired: Partial<NonNullable<FleetView['desired']>> = {},
): FleetView => {
  const parsed = parseRelease(release);
  if (!parsed) throw new Error(release);
  return view(
    hosts.map((active, n) => host(`i-${n}`, {active})),
    {
      desired: {release: parsed, version: '2', ...desired},
      ledger: {...view([]).ledger, proven: OLD, rollout: rollout({release}), ...ledger},
    },
  );
};
const NOTHING = view([], {desired: null, ledger: {...view([]).ledger, proven: null}});
const share = {percent: 50};
const revert = {release: OLD, cause: {kind: 'permit.waiting', details: {}}, since: 1} as const;

const ROWS: readonly (readonly [string, Target, object])[] = [
  ['promote: nothing', promotedFrom(NOTHING), {ok: false, text: /no release is asked for/}],
  ['promote: no share', promotedFrom(asking(NEW, [NEW, OLD])), {ok: false, text: /no share to promote/}],
  [
    'promote: reached',
    promotedFrom(asking(NEW, [NEW, OLD], {}, {share, message: 'm'})),
    {ok: true, release: NEW, message: 'm'},
  ],
  [
    'promote: on the way',
    promotedFrom(asking(NEW, [OLD, OLD], {}, {share})),
    {ok: true, release: NEW, message: undefined},
  ],
  [
    'promote: not begun',
    promotedFrom(asking(NEW, [OLD], {rollout: null}, {share})),
    {ok: true, release: NEW},
  ],
  [
    'promote: denied',
    promotedFrom(asking(NEW, [OLD], {denied: [NEW]}, {share})),
    {ok: false, text: /is denied/},
  ],
  [
    'promote: back',
    promotedFrom(asking(NEW, [OLD], {rollout: rollout({revert})}, {share})),
    {ok: false, text: /is reverted/},
  ],

  [
    'carry: nothing proven',
    carriedFrom(NOTHING, 'w/a', NOTHING, 'w/b'),
    {ok: false, text: /nothing is proven in w\/a/},
  ],
  [
    'carry: under way',
    carriedFrom(asking(NEW, [OLD]), 'w/a', NOTHING, 'w/b'),
    {ok: false, text: /under way in w\/a \(snap-22222222\)/},
  ],
  [
    'carry: out',
    carriedFrom(
      view([], {
        desired: null,
        ledger: {
          ...view([]).ledger,
          proven: OLD,
          permits: [{host: 'i', fence: 1, release: OLD, version: '1', since: 1}],
        },
      }),
      'w/a',
      NOTHING,
      'w/b',
    ),
    {ok: false, text: /under way in w\/a \(snap-11111111\)/},
  ],
  [
    'carry: steady',
    carriedFrom(asking(OLD, [OLD]), 'w/a', NOTHING, 'w/b'),
    {ok: true, release: OLD, message: 'proven in w/a'},
  ],
  [
    'carry: asked there',
    carriedFrom(asking(OLD, [OLD]), 'w/a', asking(OLD, [OLD]), 'w/b'),
    {ok: false, text: /w\/b is asked for snap-11111111 already/},
  ],
  [
    'carry: a share there',
    carriedFrom(asking(OLD, [OLD]), 'w/a', asking(OLD, [OLD], {}, {share}), 'w/b'),
    {ok: true},
  ],
  ['carry: another there', carriedFrom(asking(OLD, [OLD]), 'w/a', asking(NEW, [OLD]), 'w/b'), {ok: true}],

  ['revert: nothing', revertedTo(NOTHING), {ok: false, text: /no other release was proven before/}],
  [
    'revert: none proven',
    revertedTo(asking(NEW, [OLD], {proven: null})),
    {ok: false, text: /nothing is proven yet/},
  ],
  [
    'revert: under way',
    revertedTo(asking(NEW, [OLD], {previous: OLDER})),
    {ok: true, release: OLD, message: 'back from snap-22222222'},
  ],
  [
    'revert: steady',
    revertedTo(asking(OLD, [OLD], {previous: OLDER})),
    {ok: true, release: OLDER, message: 'back from snap-11111111'},
  ],
  [
    'revert: on its way',
    revertedTo(asking(OLD, [NEW], {previous: OLDER})),
    {ok: false, text: /on its way to snap-11111111/},
  ],
  ['revert: none before', revertedTo(asking(OLD, [OLD])), {ok: false, text: /no other release/}],
  [
    'revert: before without proven',
    revertedTo(view([], {desired: null, ledger: {...view([]).ledger, proven: null, previous: OLDER}})),
    {ok: true, release: OLDER, message: undefined},
  ],

  ['unify: nothing', unifiedOn(NOTHING, null), {ok: false, text: /nothing is proven yet/}],
  ['unify: named', unifiedOn(NOTHING, NEW), {ok: true, release: NEW}],
  ['unify: proven', unifiedOn(asking(NEW, [NEW, OLD], {}, {share}), null), {ok: true, release: OLD}],
  ['unify: on the share', unifiedOn(asking(NEW, [NEW, NEW], {}, {share}), NEW), {ok: true, release: NEW}],
  [
    'unify: everywhere',
    unifiedOn(asking(NEW, [NEW, NEW]), NEW),
    {ok: false, text: /every host runs snap-22222222/},
  ],
  [
    'unify: on its way',
    unifiedOn(asking(NEW, [NEW, OLD]), NEW),
    {ok: false, text: /every host is asked for/},
  ],
];

t.test('promote, revert and unify lead to a release, or say why not', async t => {
  for (const [name, target, expected] of ROWS) t.match({message: undefined, ...target}, expected, name);
});
