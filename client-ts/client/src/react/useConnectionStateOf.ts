import { useSyncExternalStore } from "react";
import type { ClientMembers } from "../client.js";
import type { ConnectionState } from "../transport.js";

/** The connection state of a client. */
export function useConnectionStateOf({ connectionState }: ClientMembers): ConnectionState {
  return useSyncExternalStore(connectionState.subscribe, connectionState.get, connectionState.get);
}
