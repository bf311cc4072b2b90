/** What happens to the device that a connection has to know of. */
export interface DeviceEvents {
  onOnline(): void;
  onOffline(): void;
  /** It has been asleep, or the page frozen: timers stood still, and connections may have died unnoticed. */
  onWake(): void;
}

/** How often to look at the clock: milliseconds. */
const TICK_MS = 2_000;
/** A tick that is late by so much has been slept through: milliseconds. A busy page is not as late as that. */
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
