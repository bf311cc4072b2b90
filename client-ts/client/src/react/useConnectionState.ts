import { useSyncExternalStore } from "react";
import type { ConnectionState } from "../transport.js";
import { useClient } from "./provider.js";

/** What the provider's client's connection is doing. */
export function useConnectionState(): ConnectionState {
  const { connectionState } = useClient();
  return useSyncExternalStore(connectionState.subscribe, connectionState.get, connectionState.get);
}
