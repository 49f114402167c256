export interface MountRequest {
  readonly device: string;
  /** absolute, without symlinks; made when it is missing */
  readonly directory: string;
  readonly filesystem: string;
  readonly options: readonly string[];
  readonly timeoutMs: number;
}

export interface UnmountRequest {
  readonly directory: string;
  readonly timeoutMs: number;
}

/** How file systems are mounted here. Neither call says whether it worked: `mountVolume` and `unmountVolume` look. */
export interface Mounts {
  mount(request: MountRequest, signal: AbortSignal): Promise<void>;
  unmount(request: UnmountRequest, signal: AbortSignal): Promise<void>;
  /** For the text of a failure: what keeps a mount busy, empty when nothing is known. */
  holders(directory: string, signal: AbortSignal): Promise<string>;
}
