import type {Context} from './context.ts';
import type {VolumeRecord} from './record.ts';

/** The tags by which an application's volumes are found, whoever made them. */
export const appTags = (app: string): Readonly<Record<string, string>> => ({'release-agent:app': app});

/** The tags by which this instance finds its own volumes again. */
export const ownTags = ({
  app,
  identity,
}: Pick<Context, 'app' | 'identity'>): Readonly<Record<string, string>> => ({
  ...appTags(app),
  'release-agent:owner': identity.instance,
});

/** All tags of one volume. The name holds slot and attempt: it tells which CreateVolume made it. */
export const volumeTags = (
  {app, identity}: Pick<Context, 'app' | 'identity'>,
  {slot, snapshot, attempt}: Pick<VolumeRecord, 'slot' | 'snapshot' | 'attempt'>,
): Readonly<Record<string, string>> => ({
  ...ownTags({app, identity}),
  'release-agent:release': snapshot,
  Name: `${app} ${slot}.${attempt}`,
});

/** What a volume's name tells of who made it; null for a name of another kind. */
export const madeFor = (
  {app}: Pick<Context, 'app'>,
  {Name = ''}: Readonly<Record<string, string>>,
): Pick<VolumeRecord, 'slot' | 'attempt'> | null => {
  const [, slot, attempt] = /^([a-z0-9-]+)\.(\d+)$/.exec(Name.slice(app.length + 1)) ?? [];
  return Name.startsWith(`${app} `) && slot !== undefined ? {slot, attempt: Number(attempt)} : null;
};
