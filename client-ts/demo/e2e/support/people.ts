import type { User } from "../../src/tidings.js";

export const leanne: User = {
  id: "1",
  name: "Leanne Graham",
  bio: "Multi-layered client-server neural-net",
};
export const ervin: User = { id: "2", name: "Ervin Howell", bio: "Proactive didactic contingency" };
export const clementine: User = {
  id: "3",
  name: "Clementine Bauch",
  bio: "Face to face bifurcated interface",
};
export const patricia: User = {
  id: "4",
  name: "Patricia Lebsack",
  bio: "Multi-tiered zero tolerance productivity",
};
