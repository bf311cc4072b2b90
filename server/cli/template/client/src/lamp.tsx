import { type CSSProperties, useState } from "react";
import { useClient, useSubscription } from "./service";
import type { Room } from "./tidings";

const settings = [
  { label: "Off", brightness: 0 },
  { label: "Dim", brightness: 30 },
  { label: "Bright", brightness: 100 },
];

export function Lamp({ room, connected }: { room: Room; connected: boolean }) {
  const client = useClient();
  const { status, data: lamp, error } = useSubscription("onLamp", { room: room.id });
  const [problem, setProblem] = useState<string>();
  // Before the first change there is no value.
  const brightness = lamp?.brightness;
  // While there is no connection, the header says so.
  const shown = connected ? (problem ?? (status === "error" ? error.message : undefined)) : undefined;

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

  const style = { "--brightness": (brightness ?? 0) / 100 } as CSSProperties;
  return (
    <section aria-label={room.name} style={style}>
      <div className="bulb" aria-hidden="true" />
      <h2>{room.name}</h2>
      <p className="value">{describe(brightness)}</p>
      <fieldset aria-label={`Lamp: ${room.name}`} disabled={!connected}>
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
      </fieldset>
      {shown && <p role="alert">{shown}</p>}
    </section>
  );
}

function describe(brightness: number | undefined): string {
  if (brightness === undefined) return "–";
  return brightness === 0 ? "Off" : `${brightness} %`;
}
