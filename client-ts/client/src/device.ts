/** Events of the device that affect a connection. */
export interface DeviceEvents {
  onOnline(): void;
  onOffline(): void;
  /** It has been asleep, or the page frozen: timers stood still, and connections may have died unnoticed. */
  onWake(): void;
}

/** How often to look at the clock: milliseconds. */
const TICK_MS = 2_000;
/** A tick that is later than this means that the device slept: milliseconds. A busy page is not that late. */
const SLEEP_MS = 5_000;

/** Whether the device reports that it is offline. False where the runtime does not report it. */
export function isOffline(): boolean {
  return globalThis.navigator?.onLine === false;
}

/** Watches until the function that it gives is called. Where there are no such events, only sleep is seen. */
export function watchDevice({ onOnline, onOffline, onWake }: DeviceEvents): () => void {
  globalThis.addEventListener?.("online", onOnline);
  globalThis.addEventListener?.("offline", onOffline);
  // No event reports sleep, but the wall clock continues during sleep while timers do not.
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
