// All conditions that extensions and host report.

import { conditionList, isAlert } from "./conditions.js";
import { el } from "./dom.js";

/** Opens the view. */
export function openConditions(app) {
  return {
    title: "Conditions",
    shows: ["status"],
    draw: () => {
      const conditions = app.status?.conditions ?? [];
      const alerts = conditions.filter(isAlert);
      const reasons = conditions.filter((it) => !isAlert(it));
      return [
        el("h2", { key: "title" }, "Conditions"),
        el("section", { key: "alerts", "aria-label": "Alerts" }, el("h3", {}, `Alerts (${alerts.length})`), conditionList(alerts, "No alerts.")),
        el("section", { key: "reasons", "aria-label": "Reasons" }, el("h3", {}, `Why work waits (${reasons.length})`), conditionList(reasons, "Nothing waits.")),
      ];
    },
    stop: () => {},
  };
}
