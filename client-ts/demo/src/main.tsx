import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { createClient } from "@tidings/client";
import { createQueryOptions } from "@tidings/client/tanstack-query";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import { TidingsProvider } from "./hooks.js";
import { contract } from "./tidings.js";
import { validators } from "./tidings.validators.js";
import "./styles/page.css";
import "./styles/masthead.css";
import "./styles/continuity.css";
import "./styles/lists.css";
import "./styles/bio.css";
import "./styles/replicas.css";

const client = createClient({ contract, validators, callTimeoutMs: 10_000 });

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      // The subscription updates the cache, and refetches the query when necessary.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      // The client knows better than the browser whether the server can be reached.
      networkMode: "always",
      retry: (failures, error) => error.name === "ConnectionLostError" && failures < 3,
    },
    mutations: { networkMode: "always" },
  },
});

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <QueryClientProvider client={queryClient}>
      <TidingsProvider client={client}>
        <App queries={createQueryOptions(client)} />
      </TidingsProvider>
    </QueryClientProvider>
  </StrictMode>,
);
