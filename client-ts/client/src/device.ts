/** Changes of the device that affect a connection. */
export interface DeviceEvents {
  onOnline(): void;
  onOffline(): void;
  /** The device slept or the page was frozen: timers were paused, and connections may be dead. */
  onWake(): void;
}

/** The interval of the clock checks: milliseconds. */
const TICK_MS = 2_000;
/** A check that is later than this means sleep: milliseconds. A busy page delays it by less. */
const SLEEP_MS = 5_000;

/** Whether the device says that it has no network. It may be wrong, but not where there is no such word. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

/** Watches until the function that it gives is called. Where there are no such events, only sleep is seen. */
export function watchDevice({ onOnline, onOffline, onWake }: DeviceEvents): () => void {
  globalThis.addEventListener?.("online", onOnline);
  globalThis.addEventListener?.("offline", onOffline);
  // No event tells of sleep, but the clock on the wall goes on in it while timers do not.
  let last = Date.now();
  const ticks = setInterval(() => {
    const now = Date.now();
    if (now - last >= TICK_MS + SLEEP_MS) onWake();
    last = now;
  }, TICK_MS);
  return () => {
    globalThis.removeEventListener?.("online", onOnline);
    globalThis.removeEventListener?.("offline", onOffline);
    clearInterval(ticks);
  };
}
