// Reads objects as JSON and checks them against their custom resource definitions. Says what is wrong and ends with 1.
import { readFileSync } from "node:fs";
import { ScaledObject } from "@kubernetes-models/keda/keda.sh/v1alpha1/ScaledObject";
import { PodMonitor } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PodMonitor";
import { PrometheusRule } from "@kubernetes-models/prometheus-operator/monitoring.coreos.com/v1/PrometheusRule";

const kinds = { ScaledObject, PodMonitor, PrometheusRule };
try {
  for (const object of JSON.parse(readFileSync(0, "utf-8"))) new kinds[object.kind](object).validate();
} catch (error) {
  console.error(error.message);
  process.exit(1);
}
