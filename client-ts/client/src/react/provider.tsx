import { createContext, type ReactNode, useContext } from "react";
import type { Client } from "../client.js";

const ClientContext = createContext<Client | undefined>(undefined);

/** Hands a client to the hooks below. It does not close it: whoever made the client does. */
export function TidingsProvider({ client, children }: { client: Client; children: ReactNode }) {
  return <ClientContext value={client}>{children}</ClientContext>;
}

/**
 * The client of the nearest provider.
 *
 * @throws {Error} outside of any provider
 */
export function useClient(): Client {
  const client = useContext(ClientContext);
  if (client === undefined) {
    throw new Error(
      "No Tidings client here. Wrap the component in <TidingsProvider client={createClient()}>.",
    );
  }
  return client;
}
