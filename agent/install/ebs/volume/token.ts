import {crypto} from '../../../host/http/lazy.ts';

interface TokenParts {
  readonly instance: string;
  readonly slot: string;
  readonly snapshot: string;
  readonly attempt: number;
}

/**
 * The client token of one CreateVolume: 64 hex digits, EC2's limit. The same after a crash, so that EC2 gives the volume
 * that exists already; another attempt number when that volume failed, because EC2 keeps a failed one's token for hours.
 */
export const clientToken = ({instance, slot, snapshot, attempt}: TokenParts): string =>
  crypto()
    .createHash('sha256')
    .update(JSON.stringify([instance, slot, snapshot, attempt]))
    .digest('hex');
