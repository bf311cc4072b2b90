import { useSubscription } from "./hooks.js";
import type { Instance } from "./tidings.js";

/** The live replicas: each reports itself every few seconds. A crashed one disappears within seven seconds. */
export function Replicas({ serving }: { serving: string | undefined }) {
  const { data = [], status, broker } = useSubscription("onInstances", {});
  const stale = data.length > 0 && (status !== "pending" || broker === "down");
  return (
    <section className="fleet" aria-labelledby="replicas">
      <div className="fleet-head">
        <h2 id="replicas">Replicas</h2>
        <p>
          {stale
            ? "These figures are from before the interruption."
            : "Any of them can serve any window, and take over from another."}
        </p>
      </div>
      {data.length === 0 ? (
        <p className="empty">Waiting for the replicas to report.</p>
      ) : (
        <ul className={stale ? "replicas stale" : "replicas"}>
          {data.map((replica) => (
            <Replica key={replica.name} replica={replica} serves={replica.name === serving} />
          ))}
        </ul>
      )}
    </section>
  );
}

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const rate = new Intl.NumberFormat(undefined, {
  minimumFractionDigits: 1,
  maximumFractionDigits: 1,
});

function Replica({ replica, serves }: { replica: Instance; serves: boolean }) {
  const figures: [string, string][] = [
    ["Connections", whole.format(replica.connections)],
    ["Subscriptions", whole.format(replica.subscriptions)],
    ["Uptime", duration(replica.uptimeMs)],
    ["Events/s", rate.format(replica.eventsPerSecond)],
    ["Deliveries/s", rate.format(replica.deliveriesPerSecond)],
    ["Version", replica.version],
  ];
  return (
    <li className="replica" data-testid="replica" data-serves={serves || undefined}>
      <div className="replica-head">
        <h3>{replica.name}</h3>
        {serves && <p className="serves">Serves this window</p>}
      </div>
      <dl>
        {figures.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </li>
  );
}

/** A duration in its two largest units. */
function duration(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const [minutes, hours, days] = [60, 3_600, 86_400].map((unit) => Math.floor(seconds / unit)) as [
    number,
    number,
    number,
  ];
  if (days > 0) return `${days} d ${hours % 24} h`;
  if (hours > 0) return `${hours} h ${minutes % 60} min`;
  if (minutes > 0) return `${minutes} min ${seconds % 60} s`;
  return `${seconds} s`;
}
