import { useEffect, useState } from "react";
import { Lamp } from "./lamp";
import { useClient, useConnectionState } from "./service";
import type { Room } from "./tidings";

export function App() {
  const client = useClient();
  const [rooms, setRooms] = useState<Room[]>([]);
  const [problem, setProblem] = useState<string>();

  useEffect(() => {
    client.rooms.query().then(setRooms, (error: Error) => setProblem(error.message));
  }, [client]);

  return (
    <>
      <header>
        <h1>Lamps</h1>
        <p>Open this page in a second window: every lamp is the same lamp everywhere.</p>
        <Connection />
      </header>
      <main>
        {problem && <p role="alert">{problem}</p>}
        {rooms.map((room) => (
          <Lamp key={room.id} room={room} />
        ))}
      </main>
    </>
  );
}

function Connection() {
  const { status } = useConnectionState();
  return (
    <p className="connection" data-status={status} role="status">
      {status === "open" ? "Live" : "Connecting …"}
    </p>
  );
}
