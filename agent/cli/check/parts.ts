/** What `agentctl check` is made of: add a part here, in a file of its own. */
import {activationPart} from './activation.ts';
import {ec2Part} from './ec2.ts';
import {filesPart} from './files.ts';
import {gitPart} from './git.ts';
import {groupPart} from './group.ts';
import type {Part} from './part.ts';
import {remarksPart} from './remarks.ts';
import {spacePart} from './space.ts';
import {storePart} from './store.ts';
import {trafficPart} from './traffic.ts';
import {webhooksPart} from './webhooks.ts';

/** Looked at wherever the files are, on an image too. */
export const ANYWHERE: readonly Part[] = [filesPart, remarksPart];

/** Tried on the host itself, all at once, and only where the files are as they should be. */
export const HERE: readonly Part[] = [
  activationPart,
  ec2Part,
  gitPart,
  groupPart,
  spacePart,
  storePart,
  trafficPart,
  webhooksPart,
];
