import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

export default defineConfig({
  plugins: [react()],
  // `npm run dev` reloads the page at each change, in front of a running service (`cargo run`).
  server: { proxy: { "/rpc": { target: "http://127.0.0.1:3000", ws: true } } },
});
