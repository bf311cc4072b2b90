import { useEffect, useState } from "react";
import { Lamp } from "./lamp";
import { useClient, useConnectionState } from "./service";
import type { Room } from "./tidings";

export function App() {
  const client = useClient();
  const connected = useConnectionState().status === "open";
  const [rooms, setRooms] = useState<Room[]>([]);
  const [problem, setProblem] = useState<string>();

  // The first call opens the connection. When the connection is back, the rooms are fetched again.
  useEffect(() => {
    client.rooms.query().then(
      (rooms) => {
        setRooms(rooms);
        setProblem(undefined);
      },
      (error: Error) => setProblem(error.message),
    );
  }, [client, connected]);

  return (
    <>
      <header>
        <p className="project">{{name}}</p>
        <h1>Lamps</h1>
        <p>Open this page in a second window. When you set a lamp, it changes in both.</p>
        <Connection />
      </header>
      <main>
        {connected && problem && <p role="alert">{problem}</p>}
        {rooms.map((room) => (
          <Lamp key={room.id} room={room} connected={connected} />
        ))}
      </main>
      <footer>
        Made with Tidings. Change <code>src/contract.rs</code>, <code>src/house.rs</code> and{" "}
        <code>client/src/app.tsx</code>.
      </footer>
    </>
  );
}

function Connection() {
  const connection = useConnectionState();
  let [state, text] = ["away", "No connection. Trying again."];
  switch (connection.status) {
    case "open":
      [state, text] = ["open", "Connected"];
      break;
    case "closed":
      text = "The connection has ended. Reload the page.";
      break;
    case "idle":
      [state, text] = ["starting", "Connecting …"];
      break;
    case "connecting":
      if (connection.attempt === 1) [state, text] = ["starting", "Connecting …"];
  }
  return (
    <p className="connection" data-state={state} role="status">
      {text}
    </p>
  );
}
