import { type CSSProperties, useState } from "react";
import { useClient, useSubscription } from "./service";
import type { Room } from "./tidings";

const settings = [
  { label: "Off", brightness: 0 },
  { label: "Dim", brightness: 30 },
  { label: "Bright", brightness: 100 },
];

export function Lamp({ room }: { room: Room }) {
  const client = useClient();
  const { data: lamp, error } = useSubscription("onLamp", { room: room.id });
  const [problem, setProblem] = useState<string>();
  // Until somebody has set it, there is no state to be told of.
  const brightness = lamp?.brightness ?? 0;

  async function set(brightness: number) {
    try {
      await client.setLamp.mutate({ room: room.id, brightness });
      setProblem(undefined);
    } catch (error) {
      if (client.setLamp.isError(error, "tooBright")) {
        // The details have the type that the contract declares in Rust.
        setProblem(`It can be ${error.details.max} at most.`);
      } else {
        setProblem(error instanceof Error ? error.message : String(error));
      }
    }
  }

  return (
    <section aria-label={room.name} style={{ "--brightness": brightness / 100 } as CSSProperties}>
      <div className="bulb" aria-hidden="true" />
      <h2>{room.name}</h2>
      <p className="value">{brightness === 0 ? "Off" : `${brightness} %`}</p>
      <div role="group" aria-label={`Lamp: ${room.name}`}>
        {settings.map(({ label, brightness: value }) => (
          <button
            key={label}
            type="button"
            aria-pressed={brightness === value}
            onClick={() => set(value)}
          >
            {label}
          </button>
        ))}
      </div>
      {(problem ?? error) && <p role="alert">{problem ?? error?.message}</p>}
    </section>
  );
}
