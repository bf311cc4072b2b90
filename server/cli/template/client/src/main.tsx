import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app";
import "./page.css";
import { client, TidingsProvider } from "./service";

const root = document.getElementById("root");
if (root) {
  createRoot(root).render(
    <StrictMode>
      <TidingsProvider client={client}>
        <App />
      </TidingsProvider>
    </StrictMode>,
  );
}
